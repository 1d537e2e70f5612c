package org.smollm3.neuron.hlo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.protobuf.ProtoReader;
import org.smollm3.neuron.protobuf.ProtoWriter;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

class HloModuleTest {
  private static final HloAttributes NONE = new HloAttributes.None();
  private static final HloModule SAMPLE = EveryOperation.build();
  private static final HloShape.Array PAIR = HloShape.of(ElementType.F32, 2);

  @Test
  void everyOperationIsInTheSample() {
    Set<Opcode> seen = EnumSet.noneOf(Opcode.class);
    EveryOperation.build().entry().instructions().forEach(i -> seen.add(i.opcode()));

    assertThat(seen).containsExactlyInAnyOrder(Opcode.values());
  }

  @Test
  void whatIsWrittenComesBack() {
    HloModule module = EveryOperation.build();
    byte[] bytes = HloModuleWriter.write(module);
    HloModule read = HloModuleReader.read("test", bytes);

    assertThat(HloModuleWriter.write(read)).isEqualTo(bytes);
    assertThat(HloText.print(read)).isEqualTo(HloText.print(module));
    assertThat(read.aliases()).isEqualTo(module.aliases());
    assertThat(read.resultNames()).isEqualTo(module.resultNames());
  }

  @Test
  void theSameCallsGiveTheSameBytes() {
    assertThat(HloModuleWriter.write(EveryOperation.build()))
        .isEqualTo(HloModuleWriter.write(EveryOperation.build()));
  }

  @Test
  void idsAscendFromOneOverTheWholeModule() {
    HloModule module = EveryOperation.build();
    long last = 0;
    for (HloComputation computation : module.computations()) {
      for (HloInstruction instruction : computation.instructions()) {
        assertThat(instruction.id()).isGreaterThan(last);
        last = instruction.id();
      }
    }
    assertThat(module.computations().get(0).instructions().get(0).id()).isEqualTo(1);
    assertThat(last).isLessThan(Integer.MAX_VALUE);
  }

  @Test
  void sameInstructionsAreOneAndUselessOnesAreLeftOut() {
    ModuleBuilder module = new ModuleBuilder("m");
    ComputationBuilder entry = module.computation("main");
    HloInstruction x = entry.parameter(PAIR);
    HloInstruction sum = entry.binary(Opcode.ADD, x, x);
    entry.unary(Opcode.EXPONENTIAL, x);
    HloInstruction again = entry.binary(Opcode.ADD, x, x);
    HloComputation main = entry.build(entry.binary(Opcode.MULTIPLY, sum, again));

    assertThat(again).isSameAs(sum);
    assertThat(main.instructions())
        .extracting(HloInstruction::opcode)
        .containsExactly(Opcode.PARAMETER, Opcode.ADD, Opcode.MULTIPLY);
  }

  @Test
  void constantsAreOneOnlyIfTheirBitsAre() {
    ComputationBuilder entry = new ModuleBuilder("m").computation("main");

    assertThat(entry.scalar(ElementType.F32, 0.0)).isNotSameAs(entry.scalar(ElementType.F32, -0.0));
    assertThat(entry.scalar(ElementType.F32, 1)).isSameAs(entry.scalar(ElementType.F32, 1));
    assertThat(entry.scalar(ElementType.F32, 1)).isNotSameAs(entry.scalar(ElementType.BF16, 1));
  }

  @Test
  void constantsKeepTheirValues() {
    ModuleBuilder module = new ModuleBuilder("m");
    ComputationBuilder entry = module.computation("main");
    HostTensor floats = HostTensor.ofFloats(Shape.of(3), Float.NaN, -0f, Float.MIN_VALUE);
    HostTensor ints = HostTensor.ofInts(Shape.of(2), -5, Integer.MIN_VALUE);
    HloComputation main =
        entry.build(entry.tuple(List.of(entry.constant(floats), entry.constant(ints))));
    HloModule read =
        HloModuleReader.read("test", HloModuleWriter.write(module.build(main, List.of())));

    assertThat(read.results())
        .extracting(HloInstruction::attributes)
        .containsExactly(
            new HloAttributes.Constant(Literal.of(floats)),
            new HloAttributes.Constant(Literal.of(ints)));
  }

  @Test
  void everyArraySaysItsLayoutAndThatItIsStatic() {
    ProtoReader module = ProtoReader.of("test", HloModuleWriter.write(EveryOperation.build()));
    int shapes = 0;
    while (module.next()) {
      if (module.field() == 3) {
        shapes += checkShapes(module.message());
      } else {
        module.skip();
      }
    }
    assertThat(shapes).isGreaterThan(80);
  }

  private static int checkShapes(ProtoReader computation) {
    int shapes = 0;
    while (computation.next()) {
      if (computation.field() != 2) {
        computation.skip();
        continue;
      }
      ProtoReader instruction = computation.message();
      while (instruction.next()) {
        if (instruction.field() == 3) {
          shapes += checkShape(instruction.message());
        } else {
          instruction.skip();
        }
      }
    }
    return shapes;
  }

  private static int checkShape(ProtoReader shape) {
    Map<Integer, Integer> counts = new HashMap<>();
    while (shape.next()) {
      switch (shape.field()) {
        case 3, 6 -> {
          int field = shape.field();
          shape.integers(value -> counts.merge(field, 1, Integer::sum));
        }
        case 5 -> {
          ProtoReader layout = shape.message();
          while (layout.next()) {
            assertThat(layout.field()).isEqualTo(1);
            layout.integers(value -> counts.merge(5, 1, Integer::sum));
          }
        }
        default -> shape.skip();
      }
    }
    assertThat(counts.get(6)).isEqualTo(counts.get(3));
    assertThat(counts.get(5)).isEqualTo(counts.get(3));
    return 1;
  }

  // ---- what is refused ----

  private static HloInstruction instruction(
      long id, String name, Opcode opcode, HloShape shape, List<HloInstruction> operands) {
    HloAttributes attributes = opcode == Opcode.PARAMETER ? new HloAttributes.Parameter(0) : NONE;
    return new HloInstruction(id, name, opcode, shape, operands, attributes, "layers.7", Map.of());
  }

  private static void refused(String message, HloInstruction root, HloInstruction... all) {
    List<HloInstruction> parameters =
        Arrays.stream(all).filter(i -> i.opcode() == Opcode.PARAMETER).toList();
    HloComputation main = new HloComputation(9, "main", List.of(all), parameters, root);
    HloModule module = new HloModule("m", List.of(main), List.of());
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> HloVerifier.verify(module))
        .withMessageContaining(message);
  }

  @Test
  void refusesWhatXlaRefuses() {
    HloInstruction x = instruction(1, "x", Opcode.PARAMETER, PAIR, List.of());
    HloInstruction sum = instruction(2, "sum", Opcode.ADD, PAIR, List.of(x, x));

    refused(
        "again (layers.7): the id 1 is another instruction's too",
        x,
        x,
        instruction(1, "again", Opcode.ADD, PAIR, List.of(x, x)));
    refused(
        "x (layers.7): another instruction has this name too",
        x,
        x,
        instruction(2, "x", Opcode.ADD, PAIR, List.of(x, x)));
    refused("sum (layers.7): its operand x does not come before it", x, sum, x);
    refused(
        "wrong (layers.7): it says f32[3]{0} but gives f32[2]{0}",
        x, x, instruction(2, "wrong", Opcode.ADD, HloShape.of(ElementType.F32, 3), List.of(x, x)));
    refused(
        "one (layers.7): it has 1 operands instead of 2",
        x,
        x,
        instruction(2, "one", Opcode.ADD, PAIR, List.of(x)));
    refused("main: its root is not among its instructions", sum, x);
    refused(
        "two (layers.7): parameters are not numbered 0 to 1",
        x,
        x,
        instruction(2, "two", Opcode.PARAMETER, PAIR, List.of()));
  }

  @Test
  void refusesAliasesOfAnotherShapeOrTwice() {
    HloModule module = EveryOperation.build();
    for (List<HloModule.Alias> aliases :
        List.of(
            List.of(new HloModule.Alias(0, 2)),
            List.of(new HloModule.Alias(0, 4)),
            List.of(new HloModule.Alias(999, 1)),
            List.of(new HloModule.Alias(0, 1), new HloModule.Alias(0, 0)))) {
      HloModule wrong = new HloModule("m", module.computations(), aliases);
      assertThatExceptionOfType(InvalidModelException.class)
          .isThrownBy(() -> HloVerifier.verify(wrong));
    }
  }

  @Test
  void anUnknownOperationIsNamed() {
    byte[] instruction =
        ProtoWriter.message(
            w -> {
              w.string(1, "odd.1");
              w.string(2, "frobnicate");
              w.message(3, shape -> shape.integer(2, ElementType.F32.number()));
              w.integer(35, 1);
            });
    byte[] module =
        ProtoWriter.message(
            w ->
                w.message(
                    3,
                    computation -> {
                      computation.string(1, "main");
                      computation.bytes(2, instruction);
                      computation.integer(5, 2);
                      computation.integer(6, 1);
                    }));

    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> HloModuleReader.read("odd.pb", module))
        .withMessageStartingWith("odd.pb: instruction odd.1: the operation 'frobnicate'");
  }

  @Test
  void bytesThatAreNoModuleAreRefused() {
    for (byte[] bytes :
        List.of(
            new byte[0],
            "HloModule text, as XLA prints it".getBytes(StandardCharsets.UTF_8),
            ProtoWriter.message(w -> w.string(1, "only a name")))) {
      assertThatExceptionOfType(InvalidModelException.class)
          .isThrownBy(() -> HloModuleReader.read("file.pb", bytes))
          .withMessageStartingWith("file.pb: ");
    }
  }

  @Property(tries = 1000)
  void aDamagedModuleIsReadOrRefusedAndNothingElse(
      @ForAll @IntRange(max = 1_000_000) int place, @ForAll byte value) {
    byte[] bytes = HloModuleWriter.write(SAMPLE);
    bytes[place % bytes.length] = value;
    Throwable thrown = catchThrowable(() -> HloModuleReader.read("test", bytes));
    if (thrown != null) {
      assertThat(thrown).isInstanceOf(InvalidModelException.class);
    }
  }

  @Property(tries = 500)
  void aTruncatedModuleIsRefused(@ForAll @IntRange(min = 1, max = 1_000_000) int cut) {
    byte[] bytes = HloModuleWriter.write(SAMPLE);
    byte[] part = Arrays.copyOf(bytes, bytes.length - 1 - cut % (bytes.length - 1));
    Throwable thrown = catchThrowable(() -> HloModuleReader.read("test", part));
    if (thrown == null) {
      // Cut between two fields, it is the message of a module that has only the first of them.
      assertThat(HloModuleWriter.write(HloModuleReader.read("test", part))).isEqualTo(part);
    } else {
      assertThat(thrown).isInstanceOf(InvalidModelException.class);
    }
  }
}
