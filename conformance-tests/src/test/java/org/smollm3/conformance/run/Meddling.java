package org.smollm3.conformance.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
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

/** A backend that does something to its inputs, or to its outputs on their way out. */
record Meddling(
    Backend sound, Consumer<HostTensor> withInputs, UnaryOperator<HostTensor> withOutputs)
    implements Backend {
  static Backend withOutputs(Backend sound, UnaryOperator<HostTensor> change) {
    return new Meddling(sound, input -> {}, change);
  }

  static Backend withInputs(Backend sound, Consumer<HostTensor> change) {
    return new Meddling(sound, change, UnaryOperator.identity());
  }

  @Override
  public String name() {
    return sound.name();
  }

  @Override
  public Set<Capability> capabilities() {
    return sound.capabilities();
  }

  @Override
  public NumericsProfile numerics() {
    return sound.numerics();
  }

  @Override
  public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
    Session session = sound.load(program, weights, options);
    return new Session() {
      @Override
      public Outputs run(String graph, Map<String, HostTensor> inputs) {
        Outputs outputs = session.run(graph, inputs);
        inputs.values().forEach(withInputs);
        Map<String, HostTensor> changed = new LinkedHashMap<>();
        outputs
            .outputsByRank()
            .get(0)
            .forEach((name, value) -> changed.put(name, withOutputs.apply(value.copy())));
        return new Outputs(List.of(changed), outputs.tapsByRank());
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
