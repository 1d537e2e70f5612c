package org.smollm3.architecture;

import java.io.File;
import java.lang.module.FindException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** A module of this project as it lies on the class path of the test: a folder or a jar. */
record OurModule(ModuleDescriptor descriptor, Path location) {
  static final String API = "org.smollm3.api";
  static final String CLI = "org.smollm3.cli";
  private static final String PREFIX = "org.smollm3.";

  String name() {
    return descriptor.name();
  }

  /** All modules of this project, by name. */
  static List<OurModule> all() {
    return modules()
        .filter(module -> module.name().startsWith(PREFIX))
        .sorted(Comparator.comparing(OurModule::name))
        .toList();
  }

  /** All named modules on the class path: ours, and those of others that ours may require. */
  static Stream<OurModule> modules() {
    return classPath().stream()
        .flatMap(OurModule::modulesAt)
        .filter(reference -> !reference.descriptor().isAutomatic())
        .map(
            reference ->
                new OurModule(reference.descriptor(), Path.of(reference.location().orElseThrow())));
  }

  private static List<Path> classPath() {
    String path =
        Objects.requireNonNullElseGet(
            System.getProperty("surefire.test.class.path"),
            () -> System.getProperty("java.class.path", ""));
    return Arrays.stream(path.split(File.pathSeparator)).map(Path::of).toList();
  }

  private static Stream<ModuleReference> modulesAt(Path entry) {
    try {
      return ModuleFinder.of(entry).findAll().stream();
    } catch (FindException e) {
      return Stream.empty(); // no module, such as a folder of test classes
    }
  }
}
