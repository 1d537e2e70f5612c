package org.smollm3.neuron.compiler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smollm3.error.InvalidRequestException;

class CompilerOptionsTest {
  private static CompilerOptions extra(String... flags) {
    return new CompilerOptions(
        CompilerTarget.TRN2, 2, 2, List.of(flags), CompilerOptions.DEFAULT_TIMEOUT);
  }

  private static CompilerOptions options(int lnc, int level, Duration timeout) {
    return new CompilerOptions(CompilerTarget.TRN2, lnc, level, List.of(), timeout);
  }

  @ParameterizedTest
  @CsvSource({"inf2,1", "trn1,1", "trn1n,1", "trn2,2", "trn3,2"})
  void everyTargetHasItsDefault(String name, int lnc) {
    CompilerOptions options = CompilerOptions.of(CompilerTarget.of(name));

    assertThat(options.flags())
        .containsExactly(
            "--target=" + name,
            "--auto-cast=none",
            "--model-type=transformer",
            "--tensorizer-options=--enable-ccop-compute-overlap --cc-pipeline-tiling-factor=2"
                + " --vectorize-strided-dma",
            "-O2",
            "--lnc=" + lnc);
  }

  @Test
  void unknownTargetsAreRefusedWithTheKnownOnes() {
    assertThatThrownBy(() -> CompilerTarget.of("trn9"))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("unknown compiler target 'trn9'; there are: inf2, trn1, trn1n, trn2, trn3");
  }

  @Test
  void logicalCoresAreThoseOfTheChip() {
    assertThat(options(1, 2, Duration.ofHours(1)).flags()).contains("--lnc=1");
    assertThatThrownBy(() -> options(3, 2, Duration.ofHours(1)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("LNC 3 is not possible on trn2; it has 1 or 2 (neuronx-cc calls that EARG001)");
    assertThatThrownBy(() -> options(0, 2, Duration.ofHours(1))).hasMessageContaining("LNC 0");
    for (String one : List.of("trn1", "trn1n", "inf2")) {
      assertThatThrownBy(
              () ->
                  new CompilerOptions(CompilerTarget.of(one), 2, 2, List.of(), Duration.ofHours(1)))
          .hasMessage(
              "LNC 2 is not possible on %s; it has 1 only (neuronx-cc calls that EARG001)", one);
    }
  }

  @Test
  void levelsAndTimeLimitsHaveTheirRange() {
    assertThat(options(1, 1, Duration.ofHours(1)).flags()).contains("-O1");
    for (int level : List.of(0, 4)) {
      assertThatThrownBy(() -> options(1, level, Duration.ofHours(1)))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("optimization level " + level);
    }
    for (Duration timeout :
        List.of(Duration.ZERO, Duration.ofNanos(-1), Duration.ofSeconds(Long.MAX_VALUE))) {
      assertThatThrownBy(() -> options(1, 1, timeout))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("time limit");
    }
  }

  @Test
  void extraFlagsComeLast() {
    assertThat(extra("-O1", "--enable-saturate-infinity").flags())
        .endsWith("--lnc=2", "-O1", "--enable-saturate-infinity");
  }

  @Test
  void targetAndLogicalCoresAmongThemMustAgree() {
    assertThat(extra("--target=trn2", "--lnc", "2", "-lnc=2", "--target", "trn2", "-O3").flags())
        .isEqualTo(extra("-O3").flags());
    assertThatThrownBy(() -> extra("--target", "trn1"))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(
            "the extra compiler flags (of NEURON_CC_FLAGS, if it is set) say --target=trn1, but"
                + " trn2 is asked for: make them agree");
    assertThatThrownBy(() -> extra("--logical-nc-config=1"))
        .hasMessageContaining("say --lnc=1, but 2 is asked for");
  }

  @Test
  void whatTheDriverSetsOrTheCompilerDoesNotKnowIsRefused() {
    for (String flag : List.of("--output=x", "-o", "--framework=XLA", "--logfile")) {
      assertThatThrownBy(() -> extra(flag))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("is set by the driver");
    }
    for (String flag :
        List.of("--cache_dir=x", "--no_cache", "--log_level=1", "--retry_failed_compilation")) {
      assertThatThrownBy(() -> extra(flag))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("is no flag of neuronx-cc but of the cache");
    }
    assertThatThrownBy(() -> extra("a\nb")).hasMessageContaining("control characters");
    assertThatThrownBy(() -> extra(" ")).hasMessageContaining("blank");
    assertThatThrownBy(() -> extra("--target"))
        .hasMessage("the extra compiler flags have --target without a value");
  }

  @Test
  void theVariableGivesFlagsToTheCompilerAndOthersToTheCache() {
    NeuronCcFlags flags =
        NeuronCcFlags.parse(
            "  --verbose=debug --cache_dir=\"/a b\" --tensorizer-options='--x --y=1' --no_cache"
                + " --log_level ERROR --retry_failed_compilation\t-O1\n");

    assertThat(flags.compilerFlags())
        .containsExactly("--verbose=debug", "--tensorizer-options=--x --y=1", "-O1");
    assertThat(flags.cacheDir()).contains("/a b");
    assertThat(flags.policy()).isEqualTo(CachePolicy.FRESH);
    assertThat(extra().with(flags).flags())
        .endsWith("--lnc=2", "--verbose=debug", "--tensorizer-options=--x --y=1", "-O1");
  }

  @Test
  void theVariableMayBeUnset() {
    assertThat(NeuronCcFlags.of(Map.of()))
        .isEqualTo(new NeuronCcFlags(List.of(), Optional.empty(), CachePolicy.REUSE));
    assertThat(NeuronCcFlags.of(Map.of("NEURON_CC_FLAGS", "--retry_failed_compilation")).policy())
        .isEqualTo(CachePolicy.RETRY_FAILED);
  }

  @Test
  void textThatIsNoListOfWordsIsRefused() {
    assertThatThrownBy(() -> NeuronCcFlags.parse("-O1 --x='a b"))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("NEURON_CC_FLAGS: the quote ' at character 9 is not closed");
    assertThatThrownBy(() -> NeuronCcFlags.parse("-O1 \\"))
        .hasMessage("NEURON_CC_FLAGS ends in a backslash");
    assertThatThrownBy(() -> NeuronCcFlags.parse("--cache_dir"))
        .hasMessage("the words of NEURON_CC_FLAGS have --cache_dir without a value");
    assertThatThrownBy(() -> NeuronCcFlags.parse("--cache_dir --no_cache"))
        .hasMessageContaining("--cache_dir without a value");
    assertThatThrownBy(() -> NeuronCcFlags.parse("--cache_dir="))
        .hasMessageContaining("--cache_dir= without a value");
  }

  @Property
  void wordsInQuotesComeBackAsTheyWere(
      @ForAll @Size(max = 5)
          List<@StringLength(max = 8) @CharRange(from = ' ', to = '~') String> words) {
    String single =
        String.join(
            " ", words.stream().map(word -> "'" + word.replace("'", "'\\''") + "'").toList());
    String twice =
        String.join(
            "\t",
            words.stream()
                .map(word -> "\"" + word.replace("\\", "\\\\").replace("\"", "\\\"") + "\"")
                .toList());

    assertThat(ShellWords.split("text", single)).isEqualTo(words);
    assertThat(ShellWords.split("text", twice)).isEqualTo(words);
  }
}
