package org.smollm3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smollm3.checkpoint.FolderFiles;
import org.smollm3.error.InvalidModelException;
import org.smollm3.testdata.TestData;

class GenerationConfigReaderTest {
  @Test
  void everyFieldMayBeAbsent() {
    assertThat(GenerationConfigReader.read("{}", "g")).isEqualTo(GenerationConfig.empty());
  }

  @Test
  void readsAllFields() {
    assertThat(
            GenerationConfigReader.read(
                """
                {"_from_model_config": true, "do_sample": true, "temperature": 0.6, "top_k": 50,
                 "top_p": 0.95, "bos_token_id": 1, "eos_token_id": [2, 3], "pad_token_id": 0}
                """,
                "g"))
        .isEqualTo(
            new GenerationConfig(
                Optional.of(true),
                OptionalDouble.of(0.6),
                OptionalInt.of(50),
                OptionalDouble.of(0.95),
                OptionalInt.of(1),
                List.of(2, 3),
                OptionalInt.of(0)));
    assertThat(GenerationConfigReader.read("{\"eos_token_id\": 7}", "g").eosTokenIds())
        .containsExactly(7);
    assertThat(GenerationConfigReader.read("{\"eos_token_id\": null}", "g").eosTokenIds())
        .isEmpty();
  }

  @Test
  void aSnapshotNeedNotHaveTheFile() {
    FolderFiles tiny = FolderFiles.open(TestData.tiny());
    assertThat(GenerationConfigReader.read(tiny).eosTokenIds()).containsExactly(4068, 4065);
    FolderFiles none = FolderFiles.open(TestData.golden("smollm3-tiny"));
    assertThat(GenerationConfigReader.read(none)).isEqualTo(GenerationConfig.empty());
    assertThatThrownBy(() -> SmolLm3ConfigReader.read(none))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(
            none.location() + " has no file 'config.json'; it has golden.json, golden.safetensors");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"do_sample\": 1 | do_sample is 1, wanted true or false",
        "\"temperature\": -0.1 | temperature is -0.1, wanted at least 0",
        "\"temperature\": \"hot\" | temperature is \"hot\", wanted a number",
        "\"top_k\": -2 | top_k is -2, wanted at least 0",
        "\"top_k\": 1.5 | top_k is 1.5, wanted a whole number",
        "\"top_p\": 0 | top_p is 0, wanted above 0 and at most 1",
        "\"top_p\": 1.01 | top_p is 1.01, wanted above 0 and at most 1",
        "\"eos_token_id\": -1 | eos_token_id is -1, wanted at least 0",
        "\"eos_token_id\": [2, \"x\"] | eos_token_id is [2,\"x\"], wanted a whole number",
      })
  void refusesWhatIsOutOfRange(String field, String message) {
    assertThatThrownBy(() -> GenerationConfigReader.read("{" + field + "}", "g"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("g: " + message);
  }
}
