package org.smollm3.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher, with JDKs and a Maven that only write down how they are called. The copy under test
 * wants a JDK 99, so that no real one on this machine can be found instead.
 */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {
  private static final List<String> TOOLS =
      List.of(
          "bash",
          "cat",
          "dirname",
          "find",
          "grep",
          "head",
          "ln",
          "mkdir",
          "mv",
          "readlink",
          "rm",
          "sleep",
          "tail",
          "touch",
          "uname");

  @TempDir Path temp;
  private Path root;
  private Path home;
  private Path bin;
  private Path launcher;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void installEverything() throws IOException {
    root = Files.createDirectories(temp.resolve("a place"));
    home = Files.createDirectories(temp.resolve("home"));
    bin = Files.createDirectories(temp.resolve("bin"));
    for (String tool : TOOLS) {
      script(bin.resolve(tool), "#!" + find("bash") + "\nexec " + find(tool) + " \"$@\"\n");
    }
    String script = Files.readString(repository().resolve("smollm3"));
    assertThat(script).contains("readonly JAVA_NEEDED=25\n");
    launcher = script(root.resolve("smollm3"), script.replace("JAVA_NEEDED=25", "JAVA_NEEDED=99"));
    Files.writeString(root.resolve("pom.xml"), "<project/>");
    Files.createDirectories(root.resolve("cli/src/main/java"));
    Files.writeString(root.resolve("cli/pom.xml"), "<project/>");
    Files.writeString(root.resolve("cli/src/main/java/A.java"), "class A {}");
    Files.createDirectories(jar().getParent());
    Files.createFile(jar());
    age(root.resolve("pom.xml"));
    age(root.resolve("cli/pom.xml"));
    age(root.resolve("cli/src/main"));
    environment.put("JAVA_HOME", jdk(temp.resolve("jdk 99"), "99.0.1").toString());
  }

  @Test
  void passesArgumentsUnchangedOnTheModulePath() throws Exception {
    String[] args = {"generate", "a  b", "*", "", "$HOME `x` \"q\" 'p'", "größer 狼", "-x"};

    Outcome outcome = start(args);

    assertThat(outcome.code()).isZero();
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.lines())
        .containsSubsequence("--module-path", root.resolve("cli/target/app").toString())
        .containsSubsequence("--add-modules", "jdk.incubator.vector")
        .containsSubsequence("--module", "org.smollm3.cli/org.smollm3.cli.Main");
    assertThat(outcome.lines()).endsWith(args);
  }

  @Test
  void worksThroughLinksFromAnywhere() throws Exception {
    Path links = Files.createDirectories(temp.resolve("links"));
    Files.createSymbolicLink(links.resolve("first"), Path.of("../a place/smollm3"));
    Files.createSymbolicLink(links.resolve("second"), links.resolve("first"));

    Outcome outcome = start(temp, List.of(links.resolve("second").toString(), "x"));

    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.lines()).contains(root.resolve("cli/target/app").toString()).endsWith("x");
  }

  @Test
  void theExitCodeIsThatOfTheProgram() throws Exception {
    script(Path.of(environment.get("JAVA_HOME"), "bin/java"), "#!/bin/bash\nexit 7\n");

    assertThat(start("x").code()).isEqualTo(7);
  }

  @Test
  void optionsForTheJvmAndMoreModulesComeFromTheEnvironment() throws Exception {
    environment.put("SMOLLM3_JAVA_OPTS", "-Xmx1g  -Da=* ");
    environment.put("SMOLLM3_MODULE_PATH", "/my/backends");

    assertThat(start("x").lines())
        .containsSubsequence("-Xmx1g", "-Da=*")
        .contains(root.resolve("cli/target/app") + ":/my/backends");
  }

  @Test
  void aCollectorOfTheUsersReplacesTheLaunchers() throws Exception {
    assertThat(start("x").lines()).contains("-XX:+UseSerialGC");
    environment.put("SMOLLM3_JAVA_OPTS", "-Xmx1g -XX:+UseZGC");
    assertThat(start("x").lines()).contains("-XX:+UseZGC").doesNotContain("-XX:+UseSerialGC", "");
    environment.remove("SMOLLM3_JAVA_OPTS");
    environment.put("JAVA_TOOL_OPTIONS", "-XX:+UseG1GC");
    assertThat(start("x").lines()).doesNotContain("-XX:+UseSerialGC");
  }

  @Test
  void compilesItsOwnCodeSoonerUnlessTheUserSaysOtherwise() throws Exception {
    String own = "-XX:Tier4InvocationThreshold=5000";
    environment.put("SMOLLM3_JAVA_OPTS", own);
    assertThat(start("x").lines())
        .contains(
            "-XX:CompileCommand=CompileThresholdScaling,org.smollm3.*::*,0.1",
            "-XX:CompileCommand=quiet")
        .containsSubsequence("-XX:Tier4InvocationThreshold=20000", own);
  }

  @Test
  void startsFromTheCacheOfTheBuildUnlessTheUserHasOne() throws Exception {
    Path cache = root.resolve("cli/target/smollm3.aot");
    String option = "-XX:AOTCache=" + cache;
    assertThat(start("x").out()).doesNotContain("AOTCache", "-Xlog");

    Files.createFile(cache);
    assertThat(start("x").lines()).contains(option, "-Xlog:aot=off,cds=off");
    for (String own :
        List.of("-XX:AOTCache=mine", "-XX:SharedArchiveFile=mine", "-Xshare:off", "-Xlog:aot")) {
      environment.put("SMOLLM3_JAVA_OPTS", own);
      assertThat(start("x").lines()).contains(own).doesNotContain(option, "-Xlog:aot=off,cds=off");
    }
  }

  @Test
  void textIsUtf8InTheCLocale() throws Exception {
    environment.put("LC_ALL", "C");
    script(
        Path.of(environment.get("JAVA_HOME"), "bin/java"),
        "#!/bin/bash\necho \"locale=$LC_ALL\"\n");

    assertThat(start("x").lines()).contains("locale=C.UTF-8");
  }

  @Test
  void findsTheJdkInOrder() throws Exception {
    Path old = jdk(temp.resolve("jdk 98"), "98.0.2");
    Path onPath = jdk(temp.resolve("jdk path"), "100");
    Path atHome = jdk(home.resolve(".jdks/some"), "99-ea");
    Files.createSymbolicLink(bin.resolve("java"), onPath.resolve("bin/java"));

    assertThat(jdkOf(start("x"))).isEqualTo(Path.of(environment.get("JAVA_HOME")));
    environment.put("JAVA_HOME", old.toString());
    assertThat(jdkOf(start("x"))).isEqualTo(onPath);
    Files.delete(bin.resolve("java"));
    assertThat(jdkOf(start("x"))).isEqualTo(atHome);
    Path sdkman = jdk(home.resolve(".sdkman/candidates/java/99.1-tem"), "99.1");
    assertThat(jdkOf(start("x"))).isEqualTo(sdkman);
  }

  @Test
  void withoutAJdkSaysWhatToInstall() throws Exception {
    environment.put("JAVA_HOME", jdk(temp.resolve("jdk 98"), "98.0.2").toString());

    Outcome outcome = start("x");

    assertThat(outcome.code()).isEqualTo(3);
    assertThat(outcome.err())
        .isEqualTo(
            "smollm3: no JDK 99 or later found; install one (for example Temurin from"
                + " https://adoptium.net) or set JAVA_HOME to it\n");
  }

  @Test
  void aRuntimeWithoutCompilerIsNoJdk() throws Exception {
    Files.delete(Path.of(environment.get("JAVA_HOME"), "bin/javac"));

    assertThat(start("x").code()).isEqualTo(3);
  }

  @Test
  void doesNotBuildWhatIsBuilt() throws Exception {
    maven("exit 1");

    assertThat(start("x").code()).isZero();
  }

  @Test
  void buildsOnFirstUse() throws Exception {
    Files.delete(jar());
    maven("echo noise; mkdir -p cli/target/app && touch cli/target/app/smollm3-cli.jar");

    Outcome outcome = start("x");

    assertThat(outcome.code()).isZero();
    assertThat(outcome.err())
        .isEqualTo("smollm3: building (first use; Maven may have to download first) ...\n");
    assertThat(outcome.lines()).endsWith("x").doesNotContain("noise");
    assertThat(start("x").err()).isEmpty();
  }

  @Test
  void buildsAfterAChangeAndAfterARemoval() throws Exception {
    maven("touch cli/target/app/smollm3-cli.jar");
    Path source = root.resolve("cli/src/main/java/A.java");

    later(source);
    assertThat(start("x").err()).isEqualTo("smollm3: building (changed) ...\n");
    age(source);
    assertThat(start("x").err()).isEmpty();
    Files.delete(source);
    later(source.getParent());
    assertThat(start("x").err()).isEqualTo("smollm3: building (changed) ...\n");
  }

  @Test
  void whatIsSavedDuringABuildIsBuiltNextTime() throws Exception {
    Files.delete(jar());
    maven(
        "sleep 0.1; echo 'class A { }' > cli/src/main/java/A.java; sleep 0.1;"
            + " touch cli/target/app/smollm3-cli.jar");
    start("x");
    maven("touch cli/target/app/smollm3-cli.jar");

    assertThat(start("x").err()).isEqualTo("smollm3: building (changed) ...\n");
  }

  /** The JVM refuses a cache of classes whose jar has another time. */
  @Test
  void aBuildLeavesTheJarAsItIs() throws Exception {
    Files.delete(jar());
    maven("sleep 0.1; cd cli/target; touch app/smollm3-cli.jar; touch -r app/smollm3-cli.jar made");

    start("x");

    assertThat(Files.getLastModifiedTime(jar()))
        .isEqualTo(Files.getLastModifiedTime(root.resolve("cli/target/made")));
  }

  @Test
  void buildsForTheJdkThatWasFoundInTheFolderOfTheProject() throws Exception {
    Files.delete(jar());
    maven("echo \"$JAVA_HOME|$PWD\" > \"" + temp + "/seen\"; touch cli/target/app/smollm3-cli.jar");

    start("x");

    assertThat(Files.readString(temp.resolve("seen")))
        .isEqualTo(environment.get("JAVA_HOME") + "|" + root + "\n");
  }

  @Test
  void aFailedBuildIsOneLineWithTheFirstErrorAndTheLog() throws Exception {
    Files.delete(jar());
    maven(
        "echo '[ERROR] COMPILATION ERROR : '; echo '[ERROR] A.java: what'; echo '[ERROR] more'; exit 1");

    Outcome outcome = start("x");

    assertThat(outcome.code()).isEqualTo(3);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err().lines().toList())
        .last()
        .isEqualTo(
            "smollm3: the build failed: [ERROR] A.java: what; all of it is in "
                + root.resolve("cli/target/build.log"));
    assertThat(root.resolve("cli/target/build.lock")).doesNotExist();
  }

  @Test
  void withoutMavenSaysWhatToInstall() throws Exception {
    Files.delete(jar());

    Outcome outcome = start("x");

    assertThat(outcome.code()).isEqualTo(3);
    assertThat(outcome.err())
        .isEqualTo(
            "smollm3: must be built, and mvn is not on the PATH; install Maven 3.8.6 or later"
                + " (https://maven.apache.org)\n");
  }

  @Test
  void startsAtTheSameTimeBuildOnce() throws Exception {
    Files.delete(jar());
    maven("echo built >> ../builds; sleep 0.5; touch cli/target/app/smollm3-cli.jar");
    List<Process> starts = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      starts.add(process(root, List.of(launcher.toString(), "x" + i), "out" + i, "err" + i));
    }

    for (Process each : starts) {
      assertThat(each.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(each.exitValue()).isZero();
    }
    assertThat(Files.readAllLines(temp.resolve("builds"))).containsExactly("built");
    assertThat(root.resolve("cli/target/build.lock")).doesNotExist();
  }

  @Test
  void theLockOfAProcessThatHasGoneIsTakenOver() throws Exception {
    Files.delete(jar());
    Process gone = new ProcessBuilder("true").start();
    gone.waitFor();
    Files.createSymbolicLink(
        root.resolve("cli/target/build.lock"), Path.of(String.valueOf(gone.pid())));
    maven("touch cli/target/app/smollm3-cli.jar");

    assertThat(start("x").code()).isZero();
  }

  private record Outcome(int code, String out, String err) {
    List<String> lines() {
      return out.lines().toList();
    }
  }

  private Outcome start(String... args) throws IOException, InterruptedException {
    return start(root, Stream.concat(Stream.of(launcher.toString()), Stream.of(args)).toList());
  }

  private Outcome start(Path folder, List<String> command)
      throws IOException, InterruptedException {
    Process process = process(folder, command, "out", "err");
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Outcome(
        process.exitValue(),
        Files.readString(temp.resolve("out")),
        Files.readString(temp.resolve("err")));
  }

  private Process process(Path folder, List<String> command, String out, String err)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().clear();
    builder.environment().putAll(Map.of("PATH", bin.toString(), "HOME", home.toString()));
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().putAll(environment);
    return builder
        .redirectOutput(temp.resolve(out).toFile())
        .redirectError(temp.resolve(err).toFile())
        .start();
  }

  private Path jar() {
    return root.resolve("cli/target/app/smollm3-cli.jar");
  }

  /** A JDK whose java prints where it is and its arguments, one a line. */
  private static Path jdk(Path folder, String version) throws IOException {
    Files.createDirectories(folder.resolve("bin"));
    script(folder.resolve("bin/java"), "#!/bin/bash\nprintf '%s\\n' \"$0\" \"$@\"\n");
    script(folder.resolve("bin/javac"), "#!/bin/bash\n");
    Files.writeString(
        folder.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
    return folder;
  }

  private static Path jdkOf(Outcome outcome) {
    return Path.of(outcome.lines().get(0)).getParent().getParent();
  }

  private void maven(String action) throws IOException {
    script(bin.resolve("mvn"), "#!/bin/bash\n" + action + "\n");
  }

  private static Path script(Path path, String text) throws IOException {
    Files.writeString(path, text);
    return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** Makes a file or a folder, with all in it, older than the build. */
  private static void age(Path path) throws IOException {
    try (Stream<Path> all = Files.walk(path)) {
      for (Path each : all.toList()) {
        Files.setLastModifiedTime(each, FileTime.from(Instant.now().minusSeconds(3600)));
      }
    }
  }

  private static void later(Path path) throws IOException {
    Files.setLastModifiedTime(path, FileTime.from(Instant.now().plusSeconds(1)));
  }

  private static Path find(String tool) {
    return Stream.of("/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")
        .map(folder -> Path.of(folder, tool))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow();
  }

  private static Path repository() {
    String root = System.getProperty("smollm3.root", "");
    Path folder = Path.of(root).toAbsolutePath();
    while (!Files.exists(folder.resolve("smollm3"))) {
      folder = folder.getParent();
    }
    return folder;
  }
}
