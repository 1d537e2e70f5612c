package org.smollm3.exact;

import java.util.HashMap;
import java.util.Map;
import org.smollm3.eager.EagerTensor;
import org.smollm3.eager.RankKernels;
import org.smollm3.eager.StateStorage;
import org.smollm3.eager.Workspace;
import org.smollm3.spi.TensorOps;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.TensorSpec;

/** Operations and memory of one session in double. */
final class ExactKernels implements RankKernels {
  private final ExactOps ops;
  private final boolean judging;
  private Map<String, HostTensor> magnitudes = new HashMap<>();

  /**
   * @param judging whether magnitudes are computed
   */
  ExactKernels(Workspace workspace, boolean judging) {
    this.ops = new ExactOps(workspace, judging);
    this.judging = judging;
  }

  @Override
  public TensorOps ops() {
    return ops;
  }

  @Override
  public EagerTensor weight(WeightView view) {
    return new ExactTensor(view.scales().isPresent() ? view.dequantized() : view.toHost());
  }

  @Override
  public StateStorage newState(TensorSpec spec) {
    return new ExactState(spec);
  }

  @Override
  public HostTensor toHost(String name, EagerTensor tensor) {
    ExactTensor exact = ExactTensor.of(tensor);
    if (judging) {
      magnitudes.put(name, HostTensor.ofDoubles(exact.shape(), exact.magnitudes()));
    }
    return exact.toHost();
  }

  /** The magnitudes of what {@link #toHost} gave out since the last call. */
  Map<String, HostTensor> takeMagnitudes() {
    Map<String, HostTensor> taken = magnitudes;
    magnitudes = new HashMap<>();
    return taken;
  }

  @Override
  public void close() {}
}
