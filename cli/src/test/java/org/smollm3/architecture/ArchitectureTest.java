package org.smollm3.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.lang.module.ModuleDescriptor.Requires;
import java.net.URI;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The one-way dependency rule of the modules, and what is kept out of all of them. */
class ArchitectureTest {
  private static final List<OurModule> MODULES = OurModule.all();
  private static final JavaClasses CLASSES = classesOf(module -> true);
  private static final JavaClasses LIBRARY =
      classesOf(module -> !module.name().equals(OurModule.CLI));

  /** Packages of others that any module may use. */
  private static final String[] FOR_ALL = {
    "java..", "org.jspecify.annotations..", "tools.jackson..", "com.fasterxml.jackson.annotation.."
  };

  @Test
  void allModulesAreSeen() {
    assertThat(MODULES)
        .extracting(OurModule::name)
        .containsExactly(
            "org.smollm3.api",
            "org.smollm3.backend.neuron",
            "org.smollm3.cli",
            "org.smollm3.conformance",
            "org.smollm3.reference.cpu",
            "org.smollm3.weights.fixtures");
  }

  @ParameterizedTest
  @MethodSource("modules")
  void aModuleRequiresApiAndNoOtherOfOurs(OurModule module) {
    Set<String> ours = new TreeSet<>();
    for (Requires requires : module.descriptor().requires()) {
      if (requires.name().startsWith("org.smollm3.")) {
        ours.add(requires.name());
      }
    }

    assertThat(ours)
        .isEqualTo(module.name().equals(OurModule.API) ? Set.of() : Set.of(OurModule.API));
  }

  @ParameterizedTest
  @MethodSource("modules")
  void theClassesOfAModuleUseApiAndThemselvesOnly(OurModule module) {
    Set<String> others = new TreeSet<>();
    for (OurModule other : MODULES) {
      if (!other.equals(module) && !other.name().equals(OurModule.API)) {
        others.addAll(other.descriptor().packages());
      }
    }
    if (module.name().equals(OurModule.API)) {
      others.removeAll(module.descriptor().packages());
    }
    assertThat(others).doesNotContainAnyElementsOf(module.descriptor().packages());

    noClasses()
        .that(resideInAnyPackage(module.descriptor().packages().toArray(String[]::new)))
        .should()
        .dependOnClassesThat(resideInAnyPackage(others.toArray(String[]::new)))
        .check(CLASSES);
  }

  @Test
  void nothingIsUsedThatHasNotEarnedItsPlace() {
    JavaClasses others =
        classesOf(
            module ->
                !module.name().equals(OurModule.CLI)
                    && !module.name().equals("org.smollm3.conformance")
                    && !module.name().equals("org.smollm3.reference.cpu"));

    classes().should().onlyDependOnClassesThat(among()).check(others);
    classes()
        .should()
        .onlyDependOnClassesThat(among("jdk.incubator.vector.."))
        .check(classesOf(module -> module.name().equals("org.smollm3.reference.cpu")));
    classes()
        .should()
        .onlyDependOnClassesThat(among("net.jqwik.api..", "org.junit.jupiter.api.."))
        .check(classesOf(module -> module.name().equals("org.smollm3.conformance")));
    classes()
        .should()
        .onlyDependOnClassesThat(among("picocli.."))
        .check(classesOf(module -> module.name().equals(OurModule.CLI)));
  }

  @Test
  void cpuAndExactShareTheEagerFrameAndNoKernel() {
    noClasses()
        .that(resideInAPackage("org.smollm3.cpu.."))
        .should()
        .dependOnClassesThat(resideInAPackage("org.smollm3.exact.."))
        .check(CLASSES);
    noClasses()
        .that(resideInAPackage("org.smollm3.exact.."))
        .should()
        .dependOnClassesThat(resideInAPackage("org.smollm3.cpu.."))
        .orShould()
        .dependOnClassesThat(resideInAPackage("jdk.incubator.vector.."))
        .check(CLASSES);
    noClasses()
        .that(resideInAPackage("org.smollm3.eager.."))
        .should()
        .dependOnClassesThat(resideInAnyPackage("org.smollm3.cpu..", "org.smollm3.exact.."))
        .check(CLASSES);
  }

  @Test
  void thePackagesOfApiFormNoCycle() {
    slices()
        .matching("org.smollm3.(*)..")
        .should()
        .beFreeOfCycles()
        .check(classesOf(module -> module.name().equals(OurModule.API)));
  }

  @Test
  void onlyTheProgramEndsTheJvmAndWritesToItsStreams() {
    noClasses()
        .should()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "halt", int.class)
        .check(LIBRARY);
    GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(LIBRARY);
  }

  @Test
  void nothingLogsPastSystemLogger() {
    noClasses()
        .should()
        .dependOnClassesThat(resideInAPackage("java.util.logging.."))
        .check(CLASSES);
  }

  @Test
  void nothingUsesReflection() {
    noClasses()
        .should()
        .dependOnClassesThat(resideInAPackage("java.lang.reflect.."))
        .check(CLASSES);
  }

  @Test
  void nothingKeepsStateInStatics() {
    fields().that().areStatic().should().beFinal().check(CLASSES);
  }

  static List<OurModule> modules() {
    return MODULES;
  }

  private static DescribedPredicate<JavaClass> among(String... packages) {
    return resideInAnyPackage(FOR_ALL)
        .or(resideInAnyPackage(packages))
        .or(resideInAPackage("org.smollm3.."))
        .or(DescribedPredicate.describe("primitives", type -> type.getPackageName().isEmpty()))
        .as("be of ours or of %s", List.of(packages));
  }

  private static JavaClasses classesOf(Predicate<OurModule> which) {
    List<Location> locations =
        MODULES.stream().filter(which).map(ArchitectureTest::location).toList();
    return new ClassFileImporter().importLocations(locations);
  }

  /** Before the package phase a module is a folder, after it a jar. */
  private static Location location(OurModule module) {
    URI place = module.location().toUri();
    return Location.of(
        Files.isDirectory(module.location()) ? place : URI.create("jar:" + place + "!/"));
  }
}
