package org.smollm3.neuron.runner;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.spi.GraphResult;
import org.smollm3.spi.GraphSpec;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/** Runs that libnrt ends with "numerical error": their results are there. */
@Timeout(60)
class NanTest {
  private static final Logger LOG = Logger.getLogger(NanWarnings.class.getName());

  private static ProgramSpec quotient() {
    TensorSpec x = new TensorSpec("x", DType.F32, Shape.of(2));
    return new ProgramSpec(
        "quotient",
        1,
        List.of(),
        List.of(),
        List.of(
            new GraphSpec(
                "divide",
                List.of(x),
                context ->
                    new GraphResult(
                        Map.of("y", context.ops().divide(context.input("x"), context.input("x"))),
                        Map.of()))),
        Set.of());
  }

  private static final class Warnings extends Handler {
    final List<LogRecord> records = new ArrayList<>();

    @Override
    public void publish(LogRecord record) {
      if (record.getLevel().equals(Level.WARNING)) {
        records.add(record);
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  private static float[] divide(Session session, float a, float b) {
    return session
        .run("divide", Map.of("x", HostTensor.ofFloats(Shape.of(2), a, b)))
        .get("y")
        .toFloatArray();
  }

  private static Session load(NeuronBackend backend) {
    return backend.load(
        quotient(),
        (name, rank) -> {
          throw new IllegalStateException(name);
        },
        LoadOptions.defaults());
  }

  @Test
  void resultsWithNanAreGivenAndWarnedOfOnce() {
    SimulatedNrt device = Simulation.device(1, FaultPlan.none());
    Warnings warnings = new Warnings();
    LOG.addHandler(warnings);
    try (NeuronBackend backend = Simulation.backend(device, Simulation.PATIENT)) {
      try (Session session = load(backend)) {
        assertThat(divide(session, 2, 3)).containsExactly(1, 1);
        assertThat(warnings.records).isEmpty();
        assertThat(divide(session, 0, 3)).containsExactly(Float.NaN, 1);
        assertThat(divide(session, 4, 0)).containsExactly(1, Float.NaN);
        assertThat(divide(session, 4, 5)).containsExactly(1, 1);
      }
      try (Session next = load(backend)) {
        assertThat(divide(next, 0, 0)).containsExactly(Float.NaN, Float.NaN);
      }
    } finally {
      LOG.removeHandler(warnings);
    }
    assertThat(warnings.records).hasSize(1);
    assertThat(warnings.records.getFirst().getMessage()).contains("NUM_ERR");
    Simulation.assertNothingLeft(device);
  }
}
