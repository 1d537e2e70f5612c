package org.smollm3.conformance.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.InvalidRequestException;

class NotesTest {
  @TempDir private Path temp;

  private Notes open() {
    return new Notes(Optional.of(temp), "notes.txt");
  }

  @Test
  void aSecondRunKnowsWhatTheFirstDid() {
    open().add("one");
    open().add("two");

    assertThat(open().lines()).containsExactlyInAnyOrder("one", "two");
    assertThat(open().has("two")).isTrue();
  }

  @Test
  void aLineThatWasCutOffIsNotDoneAndSpoilsNoOther() throws IOException {
    Files.writeString(temp.resolve("notes.txt"), "one\ntw");

    Notes notes = open();
    assertThat(notes.lines()).containsExactly("one");
    notes.add("two");
    notes.add("three");
    assertThat(open().lines()).contains("one", "two", "three");
  }

  @Test
  void withoutAFolderNothingIsWritten() {
    Notes notes = new Notes(Optional.empty(), "notes.txt");
    notes.add("one");

    assertThat(notes.has("one")).isTrue();
    assertThat(temp).isEmptyDirectory();
  }

  @Test
  void aFileThatCannotBeReadIsRefused() throws IOException {
    Files.createDirectory(temp.resolve("notes.txt"));

    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(this::open)
        .withMessageContaining("cannot read");
  }
}
