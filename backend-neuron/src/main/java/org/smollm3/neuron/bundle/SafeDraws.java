package org.smollm3.neuron.bundle;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.smollm3.generation.DecoderRunner;
import org.smollm3.generation.DeviceSamplingParams;
import org.smollm3.generation.RowRequest;
import org.smollm3.generation.SmolLm3Model;
import org.smollm3.model.CompiledShapes;
import org.smollm3.neuron.lowered.LoweredBackend;
import org.smollm3.spi.LoadOptions;
import org.smollm3.tensor.HostTensor;

/**
 * Chooses the random numbers of runs that sample on the device so that whoever repeats a run with
 * other rounding draws the same token: from the middle of the probability of a candidate that
 * stands clear of its neighbours. A second runner goes along with the recorded one, calls its
 * graphs first, and shows the candidates' probabilities.
 */
final class SafeDraws implements AutoCloseable {
  private static final String PROBABILITIES = "sampler.probabilities";
  private static final int TOP_K = 20;
  private static final float TOP_P = 0.9f;
  private static final float TEMPERATURE = 0.8f;

  private final DeviceSamplingParams params;
  private final DecoderRunner runner;
  private Optional<HostTensor> probabilities = Optional.empty();

  SafeDraws(CompileOptions options, SmolLm3Model model, CompiledShapes shapes) {
    this.params = new DeviceSamplingParams(Math.min(shapes.maxTopk(), TOP_K), TOP_P, TEMPERATURE);
    LoadOptions load =
        LoadOptions.defaults()
            .withTaps(PROBABILITIES)
            .withListener(
                (name, rank, value) -> {
                  if (rank == 0) {
                    probabilities = Optional.of(value.copy());
                  }
                });
    this.runner =
        model.load(
            LoweredBackend.open(options.trace()),
            options.config().arithmetic(),
            options.config().sharding(),
            shapes,
            load);
  }

  /**
   * The rows with their draws.
   *
   * @param rows sorted by slot, no more than a batch
   * @param call of the graph that will be recorded
   */
  List<RowRequest> draw(List<RowRequest> rows, BiConsumer<DecoderRunner, List<RowRequest>> call) {
    call.accept(runner, rows.stream().map(row -> row.drawing(draw(0))).toList());
    HostTensor shown = probabilities.orElseThrow();
    List<RowRequest> drawn = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      drawn.add(rows.get(i).drawing(draw(uniform(shown.row(i).toDoubleArray()))));
    }
    return drawn;
  }

  private RowRequest.Draw draw(double uniform) {
    return new RowRequest.Draw(params, (float) uniform);
  }

  /** Goes along with a call that does not draw. */
  void follow(BiConsumer<DecoderRunner, List<RowRequest>> call, List<RowRequest> rows) {
    call.accept(runner, rows);
  }

  void release(int slot) {
    runner.release(slot);
  }

  /**
   * @param probabilities of candidates in descending order
   */
  static double uniform(double[] probabilities) {
    double best = -1;
    double chosen = 0;
    double below = 0;
    for (int i = 0; i < probabilities.length; i++) {
      double p = probabilities[i];
      double above = i == 0 ? Double.POSITIVE_INFINITY : Math.log(probabilities[i - 1] / p);
      double under =
          i + 1 == probabilities.length
              ? Double.POSITIVE_INFINITY
              : Math.log(p / probabilities[i + 1]);
      double clear = Math.min(1, Math.min(above, under)) * p;
      if (p > 0 && clear > best) {
        best = clear;
        chosen = below + p / 2;
      }
      below += p;
    }
    return chosen;
  }

  @Override
  public void close() {
    runner.close();
  }
}
