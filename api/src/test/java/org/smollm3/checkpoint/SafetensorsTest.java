package org.smollm3.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.smollm3.error.InvalidModelException;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

class SafetensorsTest {
  @Test
  void readsAValidFile() {
    Safetensors file = MalformedSafetensors.parse(MalformedSafetensors.valid());

    assertThat(file.metadata()).containsExactlyEntriesOf(java.util.Map.of("format", "pt"));
    assertThat(file.tensors().keySet()).containsExactly("a", "b");
    assertThat(file.tensor("b").dtype()).isEqualTo(DType.BF16);
    assertThat(file.tensor("b").shape()).isEqualTo(Shape.of(1, 3));
    assertThat(file.tensor("a").getFloat(0)).isEqualTo(Float.intBitsToFloat(0x04030201));
    assertThat(file.tensor("b").segment().get(java.lang.foreign.ValueLayout.JAVA_BYTE, 5))
        .isEqualTo((byte) 14);
  }

  @Test
  void tensorsComeInTheOrderOfTheirBytesNotOfTheHeader() {
    String header =
        "{\"z\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]},"
            + "\"y\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}";

    assertThat(MalformedSafetensors.parse(MalformedSafetensors.file(header, 2)).tensors().keySet())
        .containsExactly("y", "z");
  }

  @Test
  void scalarsEmptyTensorsAndTrailingSpacesAreLegal() {
    String header =
        "{\"s\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]},"
            + "\"e\":{\"dtype\":\"F32\",\"shape\":[0,4294967296],\"data_offsets\":[8,8]},"
            + "\"first\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}      ";
    Safetensors file = MalformedSafetensors.parse(MalformedSafetensors.file(header, 8));

    assertThat(file.tensor("s").shape()).isEqualTo(Shape.scalar());
    assertThat(file.tensor("s").size()).isEqualTo(1);
    assertThat(file.tensor("e").size()).isZero();
    assertThat(file.tensors().keySet()).containsExactly("first", "s", "e");
  }

  @Test
  void aFileWithoutTensorsIsLegal() {
    assertThat(MalformedSafetensors.parse(MalformedSafetensors.file("{}", 0)).tensors()).isEmpty();
  }

  @Test
  void anUnknownTensorIsNamed() {
    Safetensors file = MalformedSafetensors.parse(MalformedSafetensors.valid());

    assertThatThrownBy(() -> file.tensor("c"))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("f has no tensor 'c'");
  }

  static List<MalformedSafetensors.Broken> malformed() {
    return MalformedSafetensors.all();
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void refusesEveryBrokenRule(MalformedSafetensors.Broken broken) {
    assertThatThrownBy(() -> MalformedSafetensors.parse(broken.bytes()))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage("f" + broken.message());
  }

  @Test
  void refusesTruncationAtEveryByte() {
    int whole = MalformedSafetensors.valid().length;
    for (int length = 0; length < whole; length++) {
      byte[] bytes = MalformedSafetensors.truncated(length);
      assertThatThrownBy(() -> MalformedSafetensors.parse(bytes))
          .as("cut to %d of %d bytes", length, whole)
          .isInstanceOf(InvalidModelException.class);
    }
  }

  @Property(tries = 5000)
  void changedBytesParseToSomethingValidOrAreRefused(
      @ForAll @Size(min = 1, max = 4) List<@IntRange(max = 1 << 16) Integer> places,
      @ForAll @Size(4) List<Byte> values) {
    byte[] bytes = MalformedSafetensors.valid();
    for (int i = 0; i < places.size(); i++) {
      bytes[places.get(i) % bytes.length] = values.get(i);
    }
    Safetensors file;
    try {
      file = MalformedSafetensors.parse(bytes);
    } catch (InvalidModelException e) {
      assertThat(e.getMessage()).startsWith("f: ").doesNotContain("\n", "\r");
      return;
    }
    long total = 0;
    for (HostTensor tensor : file.tensors().values()) {
      assertThat(tensor.segment().byteSize()).isEqualTo(tensor.size() * tensor.dtype().byteSize());
      total += tensor.segment().byteSize();
    }
    assertThat(total).isEqualTo(MalformedSafetensors.DATA_BYTES);
  }

  @Property(tries = 2000)
  void anyHeaderAtAllIsReadOrRefused(@ForAll @Size(max = 64) byte[] tail) {
    byte[] header = new byte[tail.length + 1];
    header[0] = '{';
    System.arraycopy(tail, 0, header, 1, tail.length);
    try {
      MalformedSafetensors.parse(MalformedSafetensors.file(header.length, header, 0));
    } catch (InvalidModelException e) {
      assertThat(e.getMessage()).startsWith("f: ").doesNotContain("\n", "\r");
    }
  }
}
