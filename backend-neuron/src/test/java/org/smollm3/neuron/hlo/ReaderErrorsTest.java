package org.smollm3.neuron.hlo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.protobuf.ProtoWriter;

/** Files that are modules, but wrong ones: the message names the file and the instruction. */
class ReaderErrorsTest {
  private static final int F32 = ElementType.F32.number();

  private static Consumer<ProtoWriter> shape(int type, long... dims) {
    return shape -> {
      shape.integer(2, type);
      shape.integers(3, dims);
    };
  }

  private static byte[] instruction(
      long id, String name, String opcode, Consumer<ProtoWriter> shape, long... operands) {
    return instruction(id, name, opcode, shape, w -> {}, operands);
  }

  private static byte[] instruction(
      long id,
      String name,
      String opcode,
      Consumer<ProtoWriter> shape,
      Consumer<ProtoWriter> more,
      long... operands) {
    return ProtoWriter.message(
        w -> {
          w.string(1, name);
          w.string(2, opcode);
          w.message(3, shape);
          w.message(7, metadata -> metadata.string(2, "layers.7.mlp"));
          more.accept(w);
          w.integer(35, id);
          w.integers(36, operands);
        });
  }

  private static byte[] parameter(long id, int number) {
    return instruction(id, "p." + id, "parameter", shape(F32, 2), w -> w.integer(9, number));
  }

  private static byte[] module(List<byte[]> instructions, long root) {
    return ProtoWriter.message(
        module -> {
          module.string(1, "m");
          module.message(3, main -> computation(main, 90, instructions, root));
          module.integer(6, 90);
        });
  }

  private static void computation(ProtoWriter out, long id, List<byte[]> instructions, long root) {
    out.string(1, "main." + id);
    instructions.forEach(instruction -> out.bytes(2, instruction));
    out.integer(5, id);
    out.integer(6, root);
  }

  private static void refused(String message, byte[]... instructions) {
    refusedModule(message, module(List.of(instructions), 1));
  }

  private static void refusedModule(String message, byte[] module) {
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> HloModuleReader.read("foreign.pb", module))
        .satisfies(e -> assertThat(e.getMessage()).contains(message).doesNotContain("\n"));
  }

  @Test
  void theModuleWithoutMistakesIsRead() {
    byte[] module =
        module(List.of(parameter(1, 0), instruction(2, "neg", "negate", shape(F32, 2), 1)), 2);
    assertThat(HloModuleReader.read("foreign.pb", module).entry().root().name()).isEqualTo("neg");
  }

  @Test
  void duplicateIds() {
    refused(
        "foreign.pb: again (layers.7.mlp): the id 1 is another instruction's too",
        parameter(1, 0),
        instruction(1, "again", "negate", shape(F32, 2), 1));
    byte[] two =
        ProtoWriter.message(
            module -> {
              module.message(3, c -> computation(c, 80, List.of(parameter(1, 0)), 1));
              module.message(
                  3,
                  c ->
                      computation(
                          c,
                          90,
                          List.of(
                              instruction(
                                  1, "q", "parameter", shape(F32, 2), w -> w.integer(9, 0))),
                          1));
              module.integer(6, 90);
            });
    refusedModule("q (layers.7.mlp): the id 1 is another instruction's too", two);
    byte[] sameComputation =
        ProtoWriter.message(
            module -> {
              module.message(3, c -> computation(c, 90, List.of(parameter(1, 0)), 1));
              module.message(3, c -> computation(c, 90, List.of(parameter(2, 0)), 2));
              module.integer(6, 90);
            });
    refusedModule("computation main.90: the id 90 is another computation's too", sameComputation);
  }

  @Test
  void wrongShapes() {
    refused(
        "neg (layers.7.mlp): it says f32[3]{0} but gives f32[2]{0}",
        parameter(1, 0), instruction(2, "neg", "negate", shape(F32, 3), 1));
    refused(
        "instruction big (layers.7.mlp): a dimension is -5",
        parameter(1, 0),
        instruction(2, "big", "negate", shape(F32, -5), 1));
    refused(
        "huge (layers.7.mlp): ",
        instruction(
            1, "huge", "parameter", shape(F32, Long.MAX_VALUE / 2, 16), w -> w.integer(9, 0)));
    refused(
        "instruction none (layers.7.mlp): ",
        ProtoWriter.message(
            w -> {
              w.string(1, "none");
              w.string(2, "parameter");
              w.message(7, metadata -> metadata.string(2, "layers.7.mlp"));
              w.integer(35, 1);
            }));
  }

  @Test
  void typesThatAreNotForNeuronAreNamedWithTheCompilersCode() {
    record Unsupported(int number, String text) {}
    for (Unsupported type :
        List.of(
            new Unsupported(15, "element type 15 (c64, EVRF004) is not supported"),
            new Unsupported(20, "element type 20 (f8e4m3fn, EVRF051 before trn3) is not supported"),
            new Unsupported(25, "element type 25 (f8e4m3fnuz, EVRF005) is not supported"),
            new Unsupported(28, "element type 28 (f8e4m3, EVRF052 after trn3) is not supported"),
            new Unsupported(99, "element type 99 is not supported"))) {
      refused(
          "foreign.pb: instruction odd (layers.7.mlp): " + type.text(),
          parameter(1, 0),
          instruction(2, "odd", "convert", shape(type.number(), 2), 1));
    }
  }

  @Test
  void dynamicShapesAndOtherLayouts() {
    refused(
        "instruction open (layers.7.mlp): a dimension is dynamic; Neuron takes static shapes only",
        instruction(
            1,
            "open",
            "parameter",
            shape -> {
              shape.integer(2, F32);
              shape.integers(3, 2);
              shape.integers(6, 1);
            }));
    refused(
        "instruction columns (layers.7.mlp): the layout [0, 1] is not row-major",
        instruction(
            1,
            "columns",
            "parameter",
            shape -> {
              shape.integer(2, F32);
              shape.integers(3, 2, 3);
              shape.message(5, layout -> layout.integers(1, 0, 1));
            }));
  }

  @Test
  void constantsThatDoNotFit() {
    refused(
        "foreign.pb: instruction c (layers.7.mlp): the constant is f32[3]{0} in an instruction of"
            + " f32[2]{0}",
        instruction(
            1,
            "c",
            "constant",
            shape(F32, 2),
            w -> w.message(8, literal -> literal.message(1, shape(F32, 3)))));
    refused(
        "foreign.pb: instruction c (layers.7.mlp): the constant ",
        instruction(1, "c", "constant", shape(F32, 2), w -> w.message(8, l -> l.floats(8, 1f))));
    // 0.1 in float64, which looks like one number of variable length.
    refused(
        "instruction c (layers.7.mlp): constants of f64 are not supported",
        instruction(
            1,
            "c",
            "constant",
            shape(ElementType.F64.number()),
            w ->
                w.message(
                    8,
                    l ->
                        l.bytes(
                            9,
                            new byte[] {
                              (byte) 0x9a,
                              (byte) 0x99,
                              (byte) 0x99,
                              (byte) 0x99,
                              (byte) 0x99,
                              (byte) 0x99,
                              (byte) 0xb9,
                              0x3f
                            }))));
    refused(
        "instruction c (layers.7.mlp): its shape f32[1000000,1000000]{1,0} is larger than the file",
        instruction(
            1,
            "c",
            "constant",
            shape(F32, 1_000_000, 1_000_000),
            w -> w.message(8, l -> l.floats(8, 1f))));
  }

  @Test
  void operandsAndCalleesThatAreNotThere() {
    refused(
        "instruction neg (layers.7.mlp): its operand 5 does not come before it",
        parameter(1, 0),
        instruction(2, "neg", "negate", shape(F32, 2), 5));
    refused(
        "instruction call (layers.7.mlp): it calls 0 computations, too few",
        parameter(1, 0),
        instruction(2, "call", "all-reduce", shape(F32, 2), 1));
    refused(
        "instruction call (layers.7.mlp): the computation 77 does not come before it",
        parameter(1, 0),
        instruction(2, "call", "all-reduce", shape(F32, 2), w -> w.integers(38, 77), 1));
    refused(
        "call (layers.7.mlp): it calls 0 computations instead of 1",
        parameter(1, 0),
        instruction(2, "call", "call", shape(F32, 2), 1));
  }

  @Test
  void attributesThatAreWrong() {
    refused(
        "instruction cmp (layers.7.mlp): the comparison direction 'UP' is not known",
        parameter(1, 0),
        instruction(
            2,
            "cmp",
            "compare",
            shape(ElementType.PRED.number(), 2),
            w -> w.string(63, "UP"),
            1,
            1));
    refused(
        "instruction dot (layers.7.mlp): it has no dot dimension numbers",
        parameter(1, 0),
        instruction(2, "dot", "dot", shape(F32), 1, 1));
    refused(
        "instruction far (layers.7.mlp): a number in its attributes is too large",
        parameter(1, 0),
        instruction(2, "far", "transpose", shape(F32, 2), w -> w.integers(14, 1L << 40), 1));
    refused(
        "turn (layers.7.mlp): there is no dimension 3 in f32[2]{0}",
        parameter(1, 0),
        instruction(2, "turn", "transpose", shape(F32, 2), w -> w.integers(14, 3), 1));
    refused("p.2 (layers.7.mlp): parameter 0 is there twice", parameter(1, 0), parameter(2, 0));
  }
}
