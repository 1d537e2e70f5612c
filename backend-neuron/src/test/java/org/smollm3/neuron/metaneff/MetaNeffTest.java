package org.smollm3.neuron.metaneff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.metaneff.MetaNeff.Counts;
import org.smollm3.neuron.metaneff.MetaNeff.ModelConfig;
import org.smollm3.neuron.metaneff.MetaTensor.ElementType;
import org.smollm3.neuron.metaneff.MetaTensor.Role;
import org.smollm3.neuron.protobuf.ProtoWriter;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

class MetaNeffTest {
  private static final MetaNeff SAMPLE =
      MetaNeff.of(
          List.of(
              MetaTensor.userInput(0, DType.I32, Shape.of(2, 1), "input_ids"),
              MetaTensor.state(1, DType.BF16, Shape.of(2, 1, 8, 4), "kv_mgr.past_key_values.0"),
              MetaTensor.weight(2, DType.BF16, Shape.of(300, 8), "lm_head.weight")),
          List.of(
              MetaTensor.output(0, DType.F32, Shape.of(2, 1, 6)),
              MetaTensor.output(1, DType.BF16, Shape.of(2, 1, 8, 4))),
          Map.of(1, 1));

  private static MetaNeff read(byte... bytes) {
    return MetaNeffReader.read(bytes, "x");
  }

  private static void refuses(String message, byte... bytes) {
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> read(bytes))
        .withMessageStartingWith("x: ")
        .withMessageContaining(message);
  }

  /** An input of one I32, then whatever a test adds. */
  private static byte[] message(Consumer<ProtoWriter> rest) {
    return ProtoWriter.message(
        w -> {
          w.message(1, input -> input(input, "input0"));
          rest.accept(w);
        });
  }

  private static void input(ProtoWriter w, String name) {
    w.string(1, name);
    w.integers(2, 1);
    w.integer(3, 2);
    w.integer(7, 1);
  }

  @Test
  void readsBytesWrittenByHand() {
    String hex =
        // input0, shape [1, 300] packed, INT32, USER_INPUT, user_input_key "ids"
        "0a 16"
            + "0a 06 696e70757430"
            + "12 03 01 ac 02"
            + "18 02"
            + "38 01"
            + "42 03 696473"
            // input1, shape [2] not packed, BFLOAT16, checkpoint_key "kv", INPUT_STATE
            + "0a 12"
            + "0a 06 696e70757431"
            + "10 02"
            + "18 0e"
            + "32 02 6b76"
            + "38 02"
            // output0, no shape (a scalar), FLOAT
            + "12 0b"
            + "0a 07 6f757470757430"
            + "18 01"
            // output1, shape [2], BFLOAT16
            + "12 0e"
            + "0a 07 6f757470757431"
            + "12 01 02"
            + "18 0e"
            // output 1 aliases input 1, then an unknown field 99
            + "32 04 08 01 10 01"
            + "9a 06 01 ff"
            // one user input, one state
            + "38 01 40 01";

    MetaNeff metaneff = read(HexFormat.of().parseHex(hex.replace(" ", "")));

    assertThat(metaneff)
        .isEqualTo(
            new MetaNeff(
                List.of(
                    MetaTensor.userInput(0, DType.I32, Shape.of(1, 300), "ids"),
                    MetaTensor.state(1, DType.BF16, Shape.of(2), "kv")),
                List.of(
                    MetaTensor.output(0, DType.F32, Shape.scalar()),
                    MetaTensor.output(1, DType.BF16, Shape.of(2))),
                ModelConfig.DEFAULT,
                "",
                "",
                Map.of(1, 1),
                new Counts(1, 1, 0)));
    assertThat(metaneff.inputs(Role.INPUT_STATE)).hasSize(1);
    assertThat(metaneff.inputs().getFirst().byteSize()).isEqualTo(1200);
  }

  @Test
  void anAliasOfZeroIsLeftOutAsInAnyMap() {
    byte[] bytes =
        message(
            w -> {
              w.message(2, output -> input(output, "output0"));
              w.message(6, entry -> {});
            });

    assertThat(read(bytes).outputAliasesTo()).containsExactly(Map.entry(0, 0));
  }

  @Property(tries = 200)
  void anythingReadsBackAsTheSame(@ForAll("metaneffs") MetaNeff metaneff) {
    assertThat(read(MetaNeffWriter.write(metaneff))).isEqualTo(metaneff);
  }

  @Provide
  Arbitrary<MetaNeff> metaneffs() {
    Arbitrary<ModelConfig> configs =
        Combinators.combine(
                Arbitraries.longs(),
                Arbitraries.longs(),
                Arbitraries.longs(),
                Arbitraries.of(true, false),
                Arbitraries.of(true, false),
                Arbitraries.of(true, false))
            .as(ModelConfig::new);
    Arbitrary<String> bytes = Arbitraries.strings().withCharRange('\0', '\u00ff').ofMaxLength(20);
    return Combinators.combine(
            tensors().list().ofMinSize(1).ofMaxSize(8),
            tensors().list().ofMaxSize(4),
            configs,
            bytes,
            Arbitraries.strings().ofMaxLength(10).filter(MetaNeffTest::isEncodable),
            Arbitraries.of(true, false))
        .as(
            (ins, outs, config, graph, name, counted) -> {
              List<MetaTensor> inputs = named(ins, "input");
              // each output as one of the inputs, so that it can alias it
              int aliases = Math.min(outs.size(), inputs.size());
              List<MetaTensor> outputs = named(inputs.subList(0, aliases), "output");
              Map<Integer, Integer> map = new HashMap<>();
              for (int i = 0; i < aliases; i++) {
                map.put(i, i);
              }
              return new MetaNeff(
                  inputs,
                  outputs,
                  config,
                  graph,
                  name,
                  map,
                  counted ? Counts.of(inputs) : Counts.NONE);
            });
  }

  private static boolean isEncodable(String text) {
    return StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }

  private static Arbitrary<MetaTensor> tensors() {
    Arbitrary<String> keys = Arbitraries.strings().alpha().ofMinLength(1).ofMaxLength(10);
    return Combinators.combine(
            Arbitraries.of(ElementType.class),
            Arbitraries.longs().between(0, 5000).array(long[].class).ofMaxSize(5).map(Shape::of),
            Arbitraries.strings().withCharRange('\0', '\u00ff').ofMaxLength(5),
            Arbitraries.of(true, false),
            keys,
            Arbitraries.of(Role.class),
            keys.optional())
        .as(
            (type, shape, content, dynamic, key, role, userKey) ->
                new MetaTensor("", type, shape, content, dynamic, Optional.of(key), role, userKey));
  }

  private static List<MetaTensor> named(List<MetaTensor> tensors, String prefix) {
    return IntStream.range(0, tensors.size())
        .mapToObj(
            i -> {
              MetaTensor t = tensors.get(i);
              return new MetaTensor(
                  prefix + i,
                  t.type(),
                  t.shape(),
                  t.content(),
                  t.dynamicBatch(),
                  t.checkpointKey(),
                  t.role(),
                  t.userInputKey());
            })
        .toList();
  }

  @ParameterizedTest
  @CsvSource({
    "1, F32",
    "2, I32",
    "3, U8",
    "5, BOOL",
    "6, U8",
    "7, I8",
    "8, U16",
    "9, I16",
    "10, I64",
    "12, F16",
    "13, F64",
    "14, BF16",
    "15, F8_E4M3",
    "16, F8_E5M2"
  })
  void elementTypesHaveTheirNumbers(int number, DType dtype) {
    assertThat(ElementType.of(number)).map(ElementType::dtype).contains(dtype);
  }

  @ParameterizedTest
  @CsvSource({"0", "4", "11", "17", "-1"})
  void typesWithoutASizeAreRefused(long number) {
    refuses(
        "output 0 has the data type " + number,
        message(w -> w.message(2, output -> output.integer(3, number))));
  }

  @Test
  void contradictionsAreRefused() {
    refuses("a metaneff has no inputs");
    refuses("input 0 has another name", ProtoWriter.message(w -> w.message(1, i -> input(i, "x"))));
    refuses("output 0 has another name", message(w -> w.message(2, i -> input(i, "output1"))));
    refuses(
        "input1 is of the kind INPUT_WEIGHT but has no checkpoint_key",
        message(
            w ->
                w.message(
                    1,
                    i -> {
                      i.string(1, "input1");
                      i.integer(3, 1);
                      i.integer(7, 3);
                    })));
    refuses(
        "of the unknown type 4",
        message(
            w ->
                w.message(
                    1,
                    i -> {
                      i.integer(3, 1);
                      i.integer(7, 4);
                    })));
    refuses("output 3 is to alias input 0", message(w -> w.message(6, e -> e.integer(1, 3))));
    refuses(
        "output 0 is to alias input -1",
        message(
            w -> {
              w.message(2, output -> input(output, "output0"));
              w.message(6, e -> e.integer(2, -1));
            }));
    refuses(
        "two outputs are to alias one input",
        message(
            w -> {
              w.message(2, output -> input(output, "output0"));
              w.message(2, output -> input(output, "output1"));
              w.message(6, e -> {});
              w.message(6, e -> e.integer(1, 1));
            }));
    refuses(
        "output0 of 8 bytes is to alias input0 of 4 bytes",
        message(
            w -> {
              w.message(
                  2,
                  output -> {
                    output.string(1, "output0");
                    output.integer(3, 10);
                  });
              w.message(6, e -> {});
            }));
    refuses("but the file says", message(w -> w.integer(9, 2)));
    refuses("negative dimension -5", message(w -> w.message(2, o -> o.integers(2, 3, -5))));
    refuses(
        "more than 32 dimensions", message(w -> w.message(2, o -> o.integers(2, new long[33]))));
    refuses(
        "too large",
        message(
            w ->
                w.message(
                    2,
                    o -> {
                      o.integer(3, 1);
                      o.integers(2, 1L << 40, 1L << 40);
                    })));
    refuses(
        "too large",
        message(
            w ->
                w.message(
                    2,
                    o -> {
                      o.integer(3, 13);
                      o.integers(2, 1L << 61);
                    })));
    refuses("is not UTF-8", message(w -> w.message(2, o -> o.bytes(1, new byte[] {(byte) 0xFF}))));
    refuses("does not fit 32 bits", message(w -> w.message(6, e -> e.integer(1, 1L << 32))));
  }

  @Test
  void cutShortAnywhereIsRefusedOrAnotherMetaneff() {
    byte[] bytes = MetaNeffWriter.write(SAMPLE);
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      try {
        assertThat(read(cut)).isNotEqualTo(SAMPLE);
      } catch (InvalidModelException e) {
        assertThat(e.getMessage()).startsWith("x: ");
      }
    }
  }

  @Property(tries = 3000)
  void flippedBitsAreReadOrRefused(@ForAll @Size(min = 1, max = 4) List<@IntRange Integer> at) {
    byte[] bytes = MetaNeffWriter.write(SAMPLE);
    for (int position : at) {
      int bit = Math.floorMod(position, bytes.length * 8);
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
    }
    try {
      assertThat(read(bytes).inputs()).isNotEmpty();
    } catch (InvalidModelException e) {
      assertThat(e.getMessage()).startsWith("x: ").doesNotContain("\n");
    }
  }

  @Test
  void unsignedTypesAreWrittenAsACompilerDoes() {
    assertThat(ElementType.of(DType.U32)).isEqualTo(ElementType.INT32);
    assertThat(ElementType.of(DType.U64)).isEqualTo(ElementType.INT64);
    for (ElementType type : ElementType.values()) {
      assertThat(ElementType.of(type.dtype()).dtype()).isEqualTo(type.dtype());
    }
  }
}
