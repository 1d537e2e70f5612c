package org.smollm3.neuron.hlo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.protobuf.ProtoReader;

/**
 * Reads an {@code xla.HloModuleProto} and verifies it. Takes what {@link HloModuleWriter} writes
 * and modules of others that keep to the operations of {@link Opcode}.
 */
public final class HloModuleReader {
  private final String source;
  private final Map<Long, HloComputation> computations = new HashMap<>();

  private HloModuleReader(String source) {
    this.source = source;
  }

  /**
   * @param source for messages: where the bytes come from
   * @throws InvalidModelException if they are no module, or one that breaks a rule; the message
   *     names the instruction
   */
  public static HloModule read(String source, byte[] bytes) {
    HloModule module;
    try {
      module = new HloModuleReader(source).module(bytes);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new InvalidModelException(source + ": not a valid HLO module: " + e.getMessage(), e);
    }
    HloVerifier.verify(module);
    return module;
  }

  private HloModule module(byte[] bytes) {
    ProtoReader in = ProtoReader.of(source, bytes);
    String name = "";
    long entryId = 0;
    List<HloComputation> all = new ArrayList<>();
    List<HloModule.Alias> aliases = new ArrayList<>();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> name = in.string();
        case 3 -> all.add(computation(in.message()));
        case 6 -> entryId = in.integer();
        case 8 -> aliases(in.message(), aliases);
        default -> in.skip();
      }
    }
    if (all.isEmpty()) {
      throw in.bad("no HLO module: it has no computation");
    }
    HloComputation last = all.get(all.size() - 1);
    if (last.id() != entryId) {
      throw in.bad("the entry computation " + entryId + " is not the last, which is " + last.id());
    }
    return new HloModule(name, all, aliases);
  }

  private static void aliases(ProtoReader in, List<HloModule.Alias> aliases) {
    while (in.next()) {
      if (in.field() == 1) {
        aliases.add(alias(in.message()));
      } else {
        in.skip();
      }
    }
  }

  private static HloModule.Alias alias(ProtoReader in) {
    List<Long> result = new ArrayList<>();
    long parameter = 0;
    while (in.next()) {
      switch (in.field()) {
        case 1 -> in.integers(result::add);
        case 2 -> parameter = in.integer();
        case 3 -> in.integers(index -> refuseIndex(in, index));
        default -> in.skip();
      }
    }
    if (result.size() > 1) {
      throw in.bad("the alias of result " + result + " is of a tuple within the results");
    }
    long index = result.isEmpty() ? 0 : result.get(0);
    return new HloModule.Alias(Math.toIntExact(index), Math.toIntExact(parameter));
  }

  private static void refuseIndex(ProtoReader in, long index) {
    throw in.bad("an alias is of element " + index + " of a parameter; parameters are arrays");
  }

  private HloComputation computation(ProtoReader in) {
    String name = "";
    long id = 0;
    Optional<Long> rootId = Optional.empty();
    Map<Long, HloInstruction> byId = new HashMap<>();
    List<HloInstruction> instructions = new ArrayList<>();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> name = in.string();
        case 2 -> {
          HloInstruction next = new InstructionReader(in.message(), byId, computations).read();
          if (byId.put(next.id(), next) != null) {
            throw in.bad(next + ": the id " + next.id() + " is another instruction's too");
          }
          instructions.add(next);
        }
        case 5 -> id = in.integer();
        case 6 -> rootId = Optional.of(in.integer());
        default -> in.skip();
      }
    }
    HloInstruction root = byId.get(rootId.orElse(0L));
    if (root == null) {
      throw in.bad("computation " + name + ": its root " + rootId.orElse(0L) + " is not there");
    }
    HloComputation computation =
        new HloComputation(id, name, instructions, parameters(in, name, instructions), root);
    if (computations.put(id, computation) != null) {
      throw in.bad("computation " + name + ": the id " + id + " is another computation's too");
    }
    return computation;
  }

  private static List<HloInstruction> parameters(
      ProtoReader in, String computation, List<HloInstruction> instructions) {
    Map<Integer, HloInstruction> byNumber = new HashMap<>();
    for (HloInstruction instruction : instructions) {
      if (instruction.attributes() instanceof HloAttributes.Parameter parameter
          && byNumber.put(parameter.number(), instruction) != null) {
        throw in.bad(instruction + ": parameter " + parameter.number() + " is there twice");
      }
    }
    List<HloInstruction> parameters = new ArrayList<>();
    for (int i = 0; i < byNumber.size(); i++) {
      HloInstruction parameter = byNumber.get(i);
      if (parameter == null) {
        throw in.bad("computation " + computation + " has no parameter " + i);
      }
      parameters.add(parameter);
    }
    return parameters;
  }
}
