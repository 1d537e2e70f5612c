package org.smollm3.neuron.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.smollm3.neuron.hlo.ComputationBuilder;
import org.smollm3.neuron.hlo.ElementType;
import org.smollm3.neuron.hlo.HloAttributes;
import org.smollm3.neuron.hlo.HloInstruction;
import org.smollm3.neuron.hlo.HloModule;
import org.smollm3.neuron.hlo.HloModuleWriter;
import org.smollm3.neuron.hlo.HloShape;
import org.smollm3.neuron.hlo.HloVerifier;
import org.smollm3.neuron.hlo.ModuleBuilder;
import org.smollm3.neuron.hlo.Opcode;
import org.smollm3.neuron.mutants.Mutation.Kind;
import org.smollm3.spi.Comparison;

class MutationsTest {
  private static final HloShape SQUARE = HloShape.of(ElementType.F32, 3, 3);
  private static final HloAttributes NONE = new HloAttributes.None();

  /** One instruction of every kind there is a mutation of. */
  private static HloModule module() {
    ModuleBuilder module = new ModuleBuilder("test");
    ComputationBuilder builder = module.computation("main");
    HloInstruction x = builder.parameter(HloShape.of(ElementType.F32, 4, 3));
    HloInstruction y = builder.parameter(SQUARE);
    HloInstruction part =
        builder.add(
            Opcode.SLICE,
            SQUARE,
            List.of(x),
            new HloAttributes.Slice(List.of(0L, 0L), List.of(3L, 3L), List.of(1L, 1L)));
    HloInstruction difference = builder.binary(Opcode.SUBTRACT, part, y);
    HloInstruction one = builder.scalar(ElementType.F32, 1);
    HloInstruction sum =
        builder.add(
            Opcode.REDUCE,
            HloShape.of(ElementType.F32, 3),
            List.of(difference, one),
            new HloAttributes.Reduce(List.of(1), module.combine(Opcode.ADD, ElementType.F32)));
    HloInstruction wide = builder.broadcast(sum, y.array().dims(), List.of(0));
    HloInstruction greater = builder.compare(Comparison.GT, wide, y);
    HloInstruction chosen = builder.add(Opcode.SELECT, SQUARE, List.of(greater, wide, y), NONE);
    HloInstruction all =
        builder.add(
            Opcode.ALL_REDUCE,
            SQUARE,
            List.of(chosen),
            new HloAttributes.AllReduce(
                module.combine(Opcode.ADD, ElementType.F32), List.of(List.of(0, 1))));
    HloInstruction root = builder.tuple(List.of(all));
    return module.build(builder.buildEntry(root, List.of(x, y)), List.of());
  }

  @Test
  void thereAreMutationsOfEveryKind() {
    Set<Kind> kinds =
        Mutations.of(module()).stream().map(Mutation::kind).collect(Collectors.toSet());

    assertThat(kinds).containsExactlyInAnyOrder(Kind.values());
  }

  @Test
  void everyMutantIsAModuleOfTheSameForm() {
    HloModule right = module();

    for (Mutation mutation : Mutations.of(right)) {
      HloModule wrong = mutation.apply(right);
      HloVerifier.verify(wrong);
      assertThat(wrong.parameters()).hasSameSizeAs(right.parameters());
      assertThat(wrong.entry().root().shape()).isEqualTo(right.entry().root().shape());
      assertThat(wrong.resultNames()).isEqualTo(right.resultNames());
    }
  }

  @Test
  void noTwoMutantsAreTheSameAndNoneIsTheRightOne() {
    HloModule right = module();
    Set<List<Byte>> seen = new HashSet<>();
    seen.add(bytes(right));

    for (Mutation mutation : Mutations.of(right)) {
      assertThat(seen.add(bytes(mutation.apply(right))))
          .as(mutation.target() + ": " + mutation.change())
          .isTrue();
    }
  }

  @Test
  void theSameModuleHasTheSameMutations() {
    assertThat(texts(module())).isEqualTo(texts(module())).hasSizeGreaterThan(40);
  }

  private static List<String> texts(HloModule module) {
    return Mutations.of(module).stream()
        .map(m -> m.target().name() + " " + m.kind() + " " + m.change())
        .toList();
  }

  private static List<Byte> bytes(HloModule module) {
    List<Byte> bytes = new ArrayList<>();
    for (byte b : HloModuleWriter.write(module)) {
      bytes.add(b);
    }
    return bytes;
  }
}
