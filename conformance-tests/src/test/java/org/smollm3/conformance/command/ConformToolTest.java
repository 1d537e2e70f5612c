package org.smollm3.conformance.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.conformance.run.ReportReader;
import org.smollm3.conformance.run.RunReport;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Tool;

class ConformToolTest {
  @TempDir private Path temp;

  private final StringWriter out = new StringWriter();

  private int run(List<String> arguments, String... options) {
    Map<String, String> values = new HashMap<>();
    for (String option : options) {
      String[] parts = option.split("=", 2);
      values.put(parts[0], parts.length == 1 ? "true" : parts[1]);
    }
    return new ConformTool()
        .run(
            new Tool.Invocation(
                arguments,
                values,
                new PrintWriter(out, true),
                new PrintWriter(new StringWriter(), true),
                false));
  }

  private RunReport report(String folder) throws IOException {
    return ReportReader.read(Files.readString(temp.resolve(folder, "report.json")), folder);
  }

  @Test
  void judgesOneRuleAndWritesBothReports() throws IOException {
    int code =
        run(
            List.of(),
            "--backend=cpu",
            "--rule=OP-DOT-01",
            "--tries=5",
            "--report=" + temp.resolve("one"));

    assertThat(code).isZero();
    assertThat(out.toString()).contains("OP-DOT-01").contains("cpu: 1 pass; 5 cases, seed 1");
    assertThat(report("one").results()).hasSize(1);
    String page = Files.readString(temp.resolve("one/report.html"));
    assertThat(page)
        .contains("Conformance of cpu", "OP-DOT-01", "error / bound", "./smollm3 conform")
        .doesNotContain("<script", "http://", "https://");
  }

  @Test
  void shardsMergedAreOneRun() throws IOException {
    String[] plan = {"--backend=cpu", "--rule=OP-DOT-01,OP-SUM-01,OP-NEGATE-01", "--tries=7"};
    run(List.of(), with(plan, "--report=" + temp.resolve("whole")));
    for (int i = 0; i < 3; i++) {
      run(List.of(), with(plan, "--shard=" + i + "/3", "--report=" + temp.resolve("part" + i)));
    }

    int code =
        run(
            List.of("part0", "part1", "part2").stream()
                .map(part -> temp.resolve(part, "report.json").toString())
                .toList(),
            "--merge",
            "--report=" + temp.resolve("merged"));

    assertThat(code).isZero();
    assertThat(report("merged").withoutTimes()).isEqualTo(report("whole").withoutTimes());
  }

  private static String[] with(String[] plan, String... more) {
    String[] all = java.util.Arrays.copyOf(plan, plan.length + more.length);
    System.arraycopy(more, 0, all, plan.length, more.length);
    return all;
  }

  @Test
  void aPrintedCaseRunsAgain() {
    int code = run(List.of(), "--backend=cpu", "--rule=OP-DOT-02", "--case=m=3 n=2 dtype=bf16");

    assertThat(code).isZero();
    assertThat(out.toString()).contains("1 cases");
  }

  @Test
  void namesWhatIsWrongWithTheRequest() {
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> run(List.of()))
        .withMessage("missing option --backend");
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> run(List.of(), "--backend=cpu", "--rule=OP-NO-01"))
        .withMessageContaining("no rule 'OP-NO-01'");
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> run(List.of(), "--backend=cpu", "--case=m=1"))
        .withMessageContaining("--case needs one --rule");
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> run(List.of(), "--backend=cpu", "--level=atoms"))
        .withMessageContaining("no level 'atoms'");
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> run(List.of(), "--backend=cpu", "--seed=x"))
        .withMessageContaining("--seed wants a whole number");
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> run(List.of("report.json"), "--backend=cpu"))
        .withMessageContaining("reports are given to --merge only");
    assertThatExceptionOfType(BackendException.class)
        .isThrownBy(() -> run(List.of(), "--backend=gpu"))
        .withMessageContaining("unknown backend 'gpu'");
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> run(List.of(), "--backend=cpu", "--plugin-path=/no/such.jar"))
        .withMessageContaining("there is no file or folder");
    assertThatExceptionOfType(BackendException.class)
        .isThrownBy(() -> run(List.of(), "--backend=mine", "--plugin-path=" + temp))
        .withMessageContaining("has no backend 'mine'");
  }

  @Test
  void aReportThatIsNoneIsRefused() throws IOException {
    Path file = Files.writeString(temp.resolve("x.json"), "{\"format\": \"other\"}");

    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> run(List.of(file.toString()), "--merge"))
        .withMessageContaining("is no conformance report");
  }

  @Test
  void listsTheRules() {
    assertThat(run(List.of(), "--list")).isZero();
    assertThat(out.toString()).contains("OP-DOT-01").contains("OP-ROPE-02");
  }

  @Test
  void theSelfTestGoesOnWhereItWasEnded() {
    String[] options = {
      "--self-test",
      "--backend=cpu,exact",
      "--rule=OP-DOT-01",
      "--seeds=2",
      "--runs=3",
      "--report=" + temp.resolve("self")
    };

    assertThat(run(List.of(), options)).isZero();
    assertThat(out.toString())
        .contains("seen    OP-DOT-01", "1 faults, 2 seeds each: 1 seen, 0 missed;")
        .contains("cpu: 3 runs without a fault: 0 failed;")
        .contains("exact: 3 runs without a fault: 0 failed;")
        .contains("self-test: passed");

    out.getBuffer().setLength(0);
    assertThat(run(List.of(), options)).isZero();
    assertThat(out.toString())
        .doesNotContain("seen    OP-DOT-01")
        .contains("0 missed (1 by a run before)")
        .contains("exact: 3 runs without a fault: 0 failed (3 by a run before)");
  }

  @Test
  void theSelfTestRunsThePartsAskedFor() {
    assertThat(run(List.of(), "--self-test", "--rule=OP-DOT-01", "--parts=runs", "--runs=1"))
        .isZero();

    assertThat(out.toString())
        .doesNotContain("faults")
        .contains("cpu: 1 runs", "exact: 1 runs", "hlo: 1 runs", "neuron-sim: 1 runs");
  }

  @Test
  void partsThatThereAreNotAreRefused() {
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> run(List.of(), "--self-test", "--parts=fault"))
        .withMessage("'fault' is no part of the self-test; give faults, runs or mutants");
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> run(List.of(), "--self-test", "--parts=mutants", "--rule=OP-DOT-01"))
        .withMessageContaining("leave out --rule");
  }

  @Test
  void aSelfTestOfNothingIsRefused() {
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> run(List.of(), "--self-test", "--seeds=0"));
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> run(List.of(), "--self-test", "--runs=-1"));
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> run(List.of(), "--self-test", "--rule=OP-DOT-99"));
  }
}
