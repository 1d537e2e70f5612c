package org.smollm3.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.module.ModuleDescriptor.Provides;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The same services are found on the class path, by {@code META-INF/services}, and on the module
 * path, by {@code module-info}.
 */
class ServicesTest {
  /** Beginnings of the names of the modules that the program runs on. */
  private static final List<String> OF_THE_PROGRAM =
      List.of(
          "org.smollm3.",
          "tools.jackson.",
          "com.fasterxml.jackson.",
          "info.",
          "net.jqwik.api",
          "net.jqwik.engine",
          "org.junit.platform.commons",
          "org.junit.platform.engine",
          "org.opentest4j");

  @ParameterizedTest
  @MethodSource("modules")
  void bothListsOfAModuleAgree(OurModule module) throws IOException {
    assertThat(inMetaInf(module)).isEqualTo(inModuleInfo(module));
  }

  @Test
  void theClassPathHasThemAll() throws ClassNotFoundException {
    for (Map.Entry<String, Set<String>> service : allDeclared().entrySet()) {
      assertThat(ServiceProbe.providersOf(service.getKey()))
          .as(service.getKey())
          .containsAll(service.getValue())
          .filteredOn(provider -> provider.startsWith("org.smollm3."))
          .hasSameSizeAs(service.getValue());
    }
  }

  @Test
  void theModulePathHasThemAll() throws IOException, InterruptedException {
    Map<String, Set<String>> declared = allDeclared();

    List<String> lines = probeOnModulePath(declared.keySet());

    Set<String> expected = new TreeSet<>();
    declared.forEach(
        (service, providers) ->
            providers.forEach(provider -> expected.add(service + " named " + provider)));
    assertThat(lines).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void thereIsSomethingToCompare() {
    assertThat(allDeclared())
        .containsKeys("org.smollm3.spi.BackendProvider", "org.smollm3.spi.Tool");
  }

  /** Runs {@link ServiceProbe} in a JVM whose boot layer holds the program's modules. */
  private static List<String> probeOnModulePath(Set<String> services)
      throws IOException, InterruptedException {
    String modulePath =
        OurModule.modules()
            .filter(
                module ->
                    OF_THE_PROGRAM.stream().anyMatch(prefix -> module.name().startsWith(prefix)))
            .map(module -> module.location().toString())
            .collect(Collectors.joining(System.getProperty("path.separator")));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--module-path", modulePath, "--add-modules", OurModule.CLI));
    command.addAll(List.of("-cp", testClasses().toString(), ServiceProbe.class.getName()));
    command.addAll(services);
    Path output = Files.createTempFile("services", ".txt");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(output)).isZero();
      return Files.readAllLines(output);
    } finally {
      Files.delete(output);
    }
  }

  private static Path testClasses() {
    try {
      return Path.of(
          ServiceProbe.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (java.net.URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, Set<String>> allDeclared() {
    Map<String, Set<String>> all = new TreeMap<>();
    for (OurModule module : OurModule.all()) {
      inModuleInfo(module)
          .forEach(
              (service, providers) ->
                  all.computeIfAbsent(service, name -> new TreeSet<>()).addAll(providers));
    }
    return all;
  }

  private static Map<String, Set<String>> inModuleInfo(OurModule module) {
    Map<String, Set<String>> services = new TreeMap<>();
    for (Provides provides : module.descriptor().provides()) {
      services.put(provides.service(), new TreeSet<>(provides.providers()));
    }
    return services;
  }

  private static Map<String, Set<String>> inMetaInf(OurModule module) throws IOException {
    if (Files.isDirectory(module.location())) {
      return services(module.location().resolve("META-INF/services"));
    }
    try (FileSystem jar = FileSystems.newFileSystem(module.location())) {
      return services(jar.getPath("META-INF/services"));
    }
  }

  private static Map<String, Set<String>> services(Path folder) throws IOException {
    Map<String, Set<String>> services = new TreeMap<>();
    if (!Files.isDirectory(folder)) {
      return services;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Set<String> providers = new TreeSet<>();
        for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
          String name = line.replaceFirst("#.*", "").strip();
          if (!name.isEmpty()) {
            providers.add(name);
          }
        }
        services.put(String.valueOf(file.getFileName()), providers);
      }
    }
    return services;
  }

  static List<OurModule> modules() {
    return OurModule.all();
  }
}
