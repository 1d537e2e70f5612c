package org.smollm3.neuron.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.artifacts.PickleValue.Bytes;
import org.smollm3.neuron.artifacts.PickleValue.Dictionary;
import org.smollm3.neuron.artifacts.PickleValue.Global;
import org.smollm3.neuron.artifacts.PickleValue.Instance;
import org.smollm3.neuron.artifacts.PickleValue.Persistent;
import org.smollm3.neuron.artifacts.PickleValue.Plain;
import org.smollm3.neuron.artifacts.PickleValue.Sequence;
import org.smollm3.neuron.artifacts.PickleValue.Whole;

class PickleReaderTest {
  private static PickleValue read(byte... pickle) {
    return PickleReader.read(MemorySegment.ofArray(pickle), "x");
  }

  private static List<PickleValue> items(byte... pickle) {
    return ((Sequence) read(pickle)).items();
  }

  private static void refuses(String message, byte... pickle) {
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> read(pickle))
        .withMessageStartingWith("x: the pickle ")
        .withMessageContaining(message);
  }

  private static PickleWriter pickle() {
    return new PickleWriter();
  }

  @Test
  void readsNumbersOfEverySize() {
    byte[] pickle =
        pickle()
            .raw('(', 'K', 200, 'M', 0x34, 0xF2)
            .raw('J', 0xFE, 0xFF, 0xFF, 0xFF)
            .raw(0x8A, 0, 0x8A, 2, 0x00, 0x80)
            .raw(0x8A, 8, 1, 2, 3, 4, 5, 6, 7, 0x88)
            .raw('N', 0x88, 0x89, 'G', 0, 0, 0, 0, 0, 0, 0, 0, 't')
            .stop();

    assertThat(items(pickle))
        .containsExactly(
            new Whole(200),
            new Whole(0xF234),
            new Whole(-2),
            new Whole(0),
            new Whole(-32768),
            new Whole(0x8807060504030201L),
            Plain.NONE,
            Plain.TRUE,
            Plain.FALSE,
            Plain.FLOAT);
  }

  @Test
  void readsContainers() {
    byte[] pickle =
        pickle()
            .raw('K', 1, 0x85, 'K', 1, 'K', 2, 0x86, 'K', 1, 'K', 2, 'K', 3, 0x87)
            .raw(']', '(', 'K', 1, 'K', 2, 'e', '}', '(', 'K', 7, 'N', 'u')
            .raw('K', 9, 'Q')
            .stop();
    // several values are on the stack at the end
    refuses("stops with more than one value", pickle);

    List<PickleValue> items =
        items(
            pickle()
                .raw('(', 'K', 1, 0x85, 'K', 1, 'K', 2, 0x86, 'K', 1, 'K', 2, 'K', 3, 0x87)
                .raw(']', '(', 'K', 1, 'K', 2, 'e', '}', '(', 'K', 7, 'N', 'u', 'K', 9, 'Q', ')')
                .raw('t')
                .stop());
    assertThat(items.subList(0, 4))
        .extracting(item -> ((Sequence) item).items().size())
        .containsExactly(1, 2, 3, 2);
    Dictionary dictionary = (Dictionary) items.get(4);
    assertThat(dictionary.size()).isEqualTo(1);
    assertThat(dictionary.key(0)).isEqualTo(new Whole(7));
    assertThat(dictionary.value(0)).isEqualTo(Plain.NONE);
    assertThat(((Persistent) items.get(5)).id()).isEqualTo(new Whole(9));
    assertThat(((Sequence) items.get(6)).items()).isEmpty();
  }

  @Test
  void objectsAreDescribedAndNotMade() {
    Instance object =
        (Instance)
            read(pickle().global("os", "system").string("rm").raw(0x85, 'R', 'K', 5, 'b').stop());

    assertThat(object.callee()).isEqualTo(new Global("os", "system"));
    assertThat(((Sequence) object.arguments()).items()).hasSize(1);
    assertThat(object.state()).contains(new Whole(5));
  }

  @Test
  void stringsAreSlicesWhateverTheirBytes() {
    byte[] content = {(byte) 0xFF, 0, (byte) 0xC0, 10};

    Bytes string = (Bytes) read(pickle().string(content).stop());

    assertThat(string.content().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(content);
    assertThat(string.text()).contains("\u00ff\0\u00c0\n");
  }

  @Test
  void theMemoGivesBackTheSameValue() {
    List<PickleValue> items =
        items(
            pickle()
                .op('(')
                .string("a")
                .raw('q', 3, 'h', 3, 'r')
                .u32(70_000)
                .op('j')
                .u32(70_000)
                .op('t')
                .stop());

    assertThat(items).hasSize(3).allMatch(item -> item == items.getFirst());
  }

  @Test
  void aListCanHoldItself() {
    Sequence list = (Sequence) read(pickle().raw(']', 'q', 0, '(', 'h', 0, 'e').stop());

    assertThat(list.items()).hasSize(1).allMatch(item -> item == list);
  }

  @Test
  void depthIsNoMatter() {
    PickleWriter deep = pickle().op('N');
    for (int i = 0; i < 200_000; i++) {
      deep.raw(0x85);
    }

    assertThat(read(deep.stop())).isInstanceOf(Sequence.class);
  }

  @ParameterizedTest
  @CsvSource({
    "0x69, INST (0x69)",
    "0x6f, OBJ (0x6f)",
    "0x93, STACK_GLOBAL (0x93)",
    "0x82, EXT1 (0x82)",
    "0x92, NEWOBJ_EX (0x92)",
    "0x95, FRAME (0x95)",
    "0x42, BINBYTES (0x42)",
    "0x32, DUP (0x32)",
    "0x00, 0x00",
    "0xff, 0xff"
  })
  void otherOpcodesAreRefusedByName(String code, String name) {
    refuses("uses the opcode " + name + ", which", pickle().raw(Integer.decode(code)).stop());
  }

  @Test
  void whatCannotBeIsRefused() {
    refuses("has protocol 4", new byte[] {(byte) 0x80, 4, 'N', '.'});
    refuses("takes a value where there is none", pickle().stop());
    refuses("takes a value where there is none", pickle().raw('q', 1).stop());
    refuses("takes a value where there is none", pickle().raw('N', '(', 'Q').stop());
    refuses("takes 2 values where there are fewer", pickle().raw('N', 0x86).stop());
    refuses("takes 3 values where there are fewer", pickle().raw('N', '(', 'N', 'N', 0x87).stop());
    refuses("mark where there is none", pickle().raw('N', 't').stop());
    refuses("stops with more than one", pickle().raw('N', '(').raw('N').stop());
    refuses("stops with more than one", pickle().raw('N', 'N').stop());
    refuses("appends to something that is no list", pickle().raw('}', '(', 'N', 'e').stop());
    refuses("sets items of something", pickle().raw(']', '(', 'N', 'N', 'u').stop());
    refuses("a key without a value", pickle().raw('}', '(', 'N', 'u').stop());
    refuses("something that is no object", pickle().raw(']', 'N', 'b').stop());
    refuses("refers to memo 9, which is empty", pickle().raw('h', 9).stop());
    refuses("memo 4294967295", pickle().op('j').u32(-1).stop());
    refuses("an integer of 9 bytes", pickle().raw(0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0).stop());
    refuses("ends where 4294967295 more bytes", pickle().op('X').u32(-1).stop());
    refuses("ends where 1 more", pickle().raw('N').unfinished());
    refuses("a name of more than 1000", pickle().global("m".repeat(2000), "n").stop());
    refuses("ends where", new byte[0]);
    byte[] endless = new byte[5_000_000];
    Arrays.fill(endless, (byte) '(');
    refuses("more than 4000000 opcodes", endless);
  }

  @Property(tries = 2000)
  void anyBytesAreReadOrRefused(@ForAll @Size(max = 60) byte[] bytes) {
    try {
      assertThat(read(bytes)).isNotNull();
    } catch (InvalidModelException e) {
      assertThat(e.getMessage()).startsWith("x: the pickle ");
    }
  }

  @Property(tries = 2000)
  void anyOpcodesOfTheListAreReadOrRefused(
      @ForAll @Size(max = 40) List<PickleOpcode> opcodes, @ForAll byte argument) {
    PickleWriter pickle = pickle().raw('N', '(', ']', 'q', 0);
    for (PickleOpcode opcode : opcodes) {
      switch (opcode) {
        case BINUNICODE -> pickle.string("ab");
        case GLOBAL -> pickle.global("a", "b");
        case STOP -> pickle.op('N');
        case BINGET -> pickle.raw('h', 0);
        default -> pickle.raw(opcode.code(), argument);
      }
    }
    try {
      assertThat(read(pickle.stop())).isNotNull();
    } catch (InvalidModelException e) {
      assertThat(e.getMessage()).startsWith("x: the pickle ");
    }
  }
}
