package org.smollm3.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.smollm3.spi.FileReport.Section;
import org.smollm3.spi.FileReport.Table;
import org.smollm3.spi.FileReport.Value;
import org.smollm3.tensor.Shape;

class FileReportTest {
  @Test
  void keepsFieldsInOrder() {
    Section section =
        Section.of("s").with("z", 1).with("a", "text").with("m", Value.of(Shape.of(2)));

    assertThat(section.fields().keySet()).containsExactly("z", "a", "m");
    assertThat(section.fields().values())
        .extracting(Value::toString)
        .containsExactly("1", "text", "[2]");
  }

  @Test
  void aRowHasAValueForEveryColumn() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Table(List.of("a", "b"), List.of(List.of(Value.of(1)))))
        .withMessage("1 values for 2 columns");
  }

  @Test
  void aProblemLeavesTheRest() {
    FileReport report = FileReport.of("k", Section.of("s")).withProblem("why");

    assertThat(report.problem()).contains("why");
    assertThat(report.sections()).hasSize(1);
  }
}
