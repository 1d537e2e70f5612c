package org.smollm3.conformance.golden;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.HostTensor;

/** A backend with one fault in what goes in or comes out. */
record FaultyBackend(
    Backend sound,
    UnaryOperator<Map<String, HostTensor>> inputs,
    UnaryOperator<HostTensor> logits,
    Set<Capability> undeclared)
    implements Backend {

  static FaultyBackend inInputs(Backend sound, UnaryOperator<Map<String, HostTensor>> fault) {
    return new FaultyBackend(sound, fault, UnaryOperator.identity(), Set.of());
  }

  static FaultyBackend inLogits(Backend sound, UnaryOperator<HostTensor> fault) {
    return new FaultyBackend(sound, UnaryOperator.identity(), fault, Set.of());
  }

  /** No fault, but it declares less than it can. */
  static FaultyBackend without(Backend sound, Set<Capability> undeclared) {
    return new FaultyBackend(sound, UnaryOperator.identity(), UnaryOperator.identity(), undeclared);
  }

  @Override
  public String name() {
    return "faulty-" + sound.name();
  }

  @Override
  public Set<Capability> capabilities() {
    return sound.capabilities().stream()
        .filter(c -> !undeclared.contains(c))
        .collect(java.util.stream.Collectors.toSet());
  }

  @Override
  public NumericsProfile numerics() {
    return sound.numerics();
  }

  @Override
  public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
    Capability.requireAll(name(), capabilities(), program.requires());
    Session session = sound.load(program, weights, options);
    return new Session() {
      @Override
      public Outputs run(String graph, Map<String, HostTensor> given) {
        Outputs result = session.run(graph, inputs.apply(given));
        Map<String, HostTensor> outputs = new LinkedHashMap<>(result.outputsByRank().get(0));
        outputs.computeIfPresent("logits", (name, value) -> logits.apply(value.copy()));
        return new Outputs(List.of(outputs), result.tapsByRank());
      }

      @Override
      public HostTensor readState(String name, int rank) {
        return session.readState(name, rank);
      }

      @Override
      public void resetStates() {
        session.resetStates();
      }

      @Override
      public void close() {
        session.close();
      }
    };
  }

  @Override
  public void close() {
    sound.close();
  }
}
