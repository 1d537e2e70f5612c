package org.smollm3.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smollm3.error.InvalidModelException;

class CheckpointTest {
  private static final String INDEX = "model.safetensors.index.json";
  private static final String ONE = "model-00001-of-00002.safetensors";
  private static final String TWO = "model-00002-of-00002.safetensors";

  private static MemoryFiles sharded(String index) {
    return new MemoryFiles().putTensors(ONE, "a", "b").putTensors(TWO, "c").put(INDEX, index);
  }

  private static String index(String metadata, String weightMap) {
    return "{\"metadata\":" + metadata + ",\"weight_map\":{" + weightMap + "}}";
  }

  private static final String MAP =
      "\"a\":\"%s\",\"b\":\"%s\",\"c\":\"%s\"".formatted(ONE, ONE, TWO);

  private static void assertRefused(MemoryFiles files, String message) {
    assertThatThrownBy(() -> Checkpoint.open(files))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(message);
  }

  @Test
  void readsOneFile() {
    Checkpoint checkpoint =
        Checkpoint.open(new MemoryFiles().put("model.safetensors", MalformedSafetensors.valid()));

    assertThat(checkpoint.location()).isEqualTo("m");
    assertThat(checkpoint.specs()).containsOnlyKeys("a", "b");
    assertThat(checkpoint.specs().get("b")).hasToString("b BF16[1, 3]");
    assertThat(checkpoint.fileOf("a")).isEqualTo("model.safetensors");
    assertThat(checkpoint.byteSize()).isEqualTo(14);
    assertThatThrownBy(() -> checkpoint.tensor("x")).hasMessage("m has no tensor 'x'");
    assertThatThrownBy(() -> checkpoint.fileOf("x")).hasMessage("m has no tensor 'x'");
  }

  @Test
  void readsShards() {
    Checkpoint checkpoint = Checkpoint.open(sharded(index("{\"total_size\":3}", MAP)));

    assertThat(checkpoint.specs().keySet()).containsExactly("a", "b", "c");
    assertThat(checkpoint.fileOf("b")).isEqualTo(ONE);
    assertThat(checkpoint.fileOf("c")).isEqualTo(TWO);
    assertThat(checkpoint.tensor("b").getInt(0)).isEqualTo(2);
    assertThat(checkpoint.tensor("c").getInt(0)).isEqualTo(1);
    assertThat(checkpoint.byteSize()).isEqualTo(3);
  }

  @Test
  void theMetadataOfAnIndexIsOptional() {
    assertThat(Checkpoint.open(sharded("{\"weight_map\":{" + MAP + "}}")).byteSize()).isEqualTo(3);
    assertThat(Checkpoint.open(sharded(index("null", MAP))).byteSize()).isEqualTo(3);
    assertThat(Checkpoint.open(sharded(index("{}", MAP))).byteSize()).isEqualTo(3);
  }

  @Test
  void noWeightsAtAll() {
    assertRefused(
        new MemoryFiles().put("pytorch_model.bin", "x"),
        "m has neither model.safetensors nor model.safetensors.index.json; only safetensors"
            + " checkpoints can be read");
  }

  @Test
  void aBrokenShardIsNamed() {
    MemoryFiles files = sharded(index("{}", MAP)).put(TWO, new byte[3]);
    assertRefused(
        files, "m/" + TWO + ": the file has 3 bytes, too few for the 8 of a header length");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "../x",
        "..",
        ".",
        "/etc/passwd",
        "sub/model.safetensors",
        "sub\\\\\\\\model",
        "C:model",
        "''"
      })
  void shardsArePlainNamesInTheFolder(String name) {
    String shown = name.replace("\\\\", "\\");
    assertRefused(
        sharded(index("{}", "\"a\":\"" + name + "\"")),
        "m/"
            + INDEX
            + " puts tensor 'a' in '"
            + shown
            + "', which is no plain file name of the folder");
  }

  @Test
  void aMissingShard() {
    assertRefused(
        sharded(index("{}", MAP + ",\"d\":\"model-3.safetensors\"")),
        "m/" + INDEX + " names the shard 'model-3.safetensors', which is not there");
  }

  @Test
  void aTensorThatItsShardLacks() {
    assertRefused(
        sharded(index("{}", MAP + ",\"d\":\"" + TWO + "\"")),
        "m/" + INDEX + " puts tensor 'd' in " + TWO + ", which lacks it");
    assertRefused(
        sharded(index("{}", MAP.replace("\"b\":\"" + ONE, "\"b\":\"" + TWO))),
        "m/" + INDEX + " puts tensor 'b' in " + TWO + ", which lacks it");
  }

  @Test
  void aTensorThatTheIndexLacks() {
    assertRefused(
        sharded(index("{}", MAP.replace("\"b\":\"" + ONE + "\",", ""))),
        "m/" + INDEX + " lacks tensor 'b', which is in " + ONE);
  }

  @Test
  void aTensorInTwoShards() {
    assertRefused(
        sharded(index("{}", MAP)).putTensors(TWO, "c", "b"),
        "m: tensor 'b' is in two shards, " + ONE + " and " + TWO);
  }

  @Test
  void aTensorTwiceInTheIndex() {
    assertThatThrownBy(() -> Checkpoint.open(sharded(index("{}", MAP + "," + MAP))))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageStartingWith(
            "m/" + INDEX + " is not valid JSON: Duplicate Object property \"a\"")
        .hasMessageNotContaining("\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"total_size\":4}| gives total_size 4, but the tensors have 3 bytes",
        "{\"total_size\":-1}| gives total_size -1, no number of bytes",
        "{\"total_size\":\"3\"}| gives total_size \"3\", no number of bytes",
        "{\"total_size\":1e400}| gives total_size 1E+400, no number of bytes",
        "{\"total_size\":18446744073709551619}"
            + "| gives total_size 18446744073709551619, no number of bytes",
        "[]| has a metadata that is no object",
      })
  void theTotalSizeMustBeRight(String metadata, String message) {
    assertRefused(sharded(index(metadata, MAP)), "m/" + INDEX + " " + message.strip());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}| has no weight_map object",
        "{\"weight_map\":[]}| has no weight_map object",
        "{\"weight_map\":{}}| has an empty weight_map",
        "{\"weight_map\":{\"a\":1}}| names no file for tensor 'a'",
        "[]| does not hold a JSON object",
        "''| does not hold a JSON object",
      })
  void theIndexMustHoldAMap(String index, String message) {
    assertRefused(sharded(index), "m/" + INDEX + " " + message.strip());
  }

  @Test
  void textAfterTheIndexIsRefused() {
    assertThatThrownBy(() -> Checkpoint.open(sharded(index("{}", MAP) + " {}")))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageStartingWith("m/" + INDEX + " is not valid JSON: Trailing token");
  }
}
