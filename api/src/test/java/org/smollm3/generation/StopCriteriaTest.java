package org.smollm3.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.smollm3.error.InvalidRequestException;

class StopCriteriaTest {
  @Test
  void knowsAllEosTokens() {
    StopCriteria stop = StopCriteria.maxNewTokens(5).withEosTokenIds(Set.of(2, 128012));
    assertThat(stop.isEos(2)).isTrue();
    assertThat(stop.isEos(128012)).isTrue();
    assertThat(stop.isEos(3)).isFalse();
    assertThat(StopCriteria.maxNewTokens(5).isEos(2)).isFalse();
  }

  @Test
  void whatCanNeverBeIsRefused() {
    assertThatThrownBy(() -> StopCriteria.maxNewTokens(0))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("max_new_tokens is 0; it must be at least 1");
    assertThatThrownBy(() -> StopCriteria.maxNewTokens(1).withStopStrings(List.of("a", "")))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("stop string 1 is empty; leave it out to stop at no text");
    assertThatThrownBy(() -> StopCriteria.maxNewTokens(1).withStopStrings(List.of("\ude00")))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("stop string 0 has a lone surrogate, which no text can have");
  }

  @Test
  void withKeepsTheRest() {
    assertThat(
            StopCriteria.maxNewTokens(3)
                .withStopStrings(List.of("\n", "😀"))
                .withEosTokenIds(Set.of(7)))
        .isEqualTo(new StopCriteria(Set.of(7), List.of("\n", "😀"), 3));
  }
}
