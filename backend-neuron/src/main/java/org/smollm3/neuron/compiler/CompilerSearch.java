package org.smollm3.neuron.compiler;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a search for {@code neuronx-cc} came to. */
public sealed interface CompilerSearch {
  /** The name of the executable. */
  String EXECUTABLE = "neuronx-cc";

  /** The system property that names the executable where no option does. */
  String PROPERTY = "smollm3.neuronxcc";

  /** It is there and answers. */
  record Found(NeuronCompiler compiler) implements CompilerSearch {}

  /**
   * It is not there, or what is there is not it.
   *
   * @param message one line: where was looked, what was found, what to install
   */
  record NotFound(String message) implements CompilerSearch {}

  /**
   * Looks for the compiler, and asks it for its version: at the path of the option if one is given,
   * else at that of the system property {@value #PROPERTY} if it is set, else in the folders of the
   * environment's {@code PATH}. The first place that is named counts, whatever is in the others.
   *
   * @param option path of the executable
   */
  static CompilerSearch find(Optional<String> option, Map<String, String> environment) {
    return find(option, Optional.ofNullable(System.getProperty(PROPERTY)), environment);
  }

  /** The same with the property's value given. */
  static CompilerSearch find(
      Optional<String> option, Optional<String> property, Map<String, String> environment) {
    if (option.isPresent()) {
      return named(option.get(), "the path given");
    }
    if (property.isPresent()) {
      return named(property.get(), "the path in -D" + PROPERTY);
    }
    return inPath(environment.getOrDefault("PATH", ""));
  }

  private static CompilerSearch named(String name, String which) {
    Optional<Path> file = path(name).map(Path::toAbsolutePath);
    if (file.isEmpty() || !Files.isRegularFile(file.get()) || !Files.isExecutable(file.get())) {
      return new NotFound(
          "%s not found: %s, '%s', is no executable file; %s"
              .formatted(EXECUTABLE, which, name, VersionQuery.REMEDY));
    }
    return VersionQuery.ask(file.get(), VersionQuery.TIMEOUT);
  }

  private static CompilerSearch inPath(String folders) {
    List<String> passedOver = new ArrayList<>();
    for (String folder : folders.split(File.pathSeparator, -1)) {
      Optional<Path> file = path(folder).map(each -> each.resolve(EXECUTABLE).toAbsolutePath());
      // An empty entry would be the folder that the program happens to run in.
      if (folder.isEmpty() || file.isEmpty() || !Files.isRegularFile(file.get())) {
        continue;
      }
      if (Files.isExecutable(file.get())) {
        return VersionQuery.ask(file.get(), VersionQuery.TIMEOUT);
      }
      passedOver.add("; " + file.get() + " is not executable");
    }
    return new NotFound(
        "%s not found in PATH (%s)%s: %s"
            .formatted(
                EXECUTABLE,
                folders.isEmpty() ? "which is empty" : folders,
                String.join("", passedOver),
                VersionQuery.REMEDY));
  }

  private static Optional<Path> path(String name) {
    try {
      return name.isBlank() ? Optional.empty() : Optional.of(Path.of(name));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }
}
