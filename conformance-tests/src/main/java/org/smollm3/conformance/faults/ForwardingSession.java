package org.smollm3.conformance.faults;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.Session;
import org.smollm3.tensor.HostTensor;

/** Passes everything on, to be overridden where a fault is. */
abstract class ForwardingSession implements Session {
  final Session inner;

  ForwardingSession(Session inner) {
    this.inner = inner;
  }

  /** The same outputs, each changed. */
  static Outputs changed(Outputs outputs, UnaryOperator<HostTensor> change) {
    return new Outputs(changed(outputs.outputsByRank(), change), outputs.tapsByRank());
  }

  /** The same tensors by rank and name, each changed. */
  static List<Map<String, HostTensor>> changed(
      List<Map<String, HostTensor>> ranks, UnaryOperator<HostTensor> change) {
    List<Map<String, HostTensor>> all = new ArrayList<>();
    for (Map<String, HostTensor> rank : ranks) {
      Map<String, HostTensor> own = new LinkedHashMap<>();
      rank.forEach((name, value) -> own.put(name, change.apply(value)));
      all.add(own);
    }
    return all;
  }

  @Override
  public Outputs run(String graph, Map<String, HostTensor> inputs) {
    return inner.run(graph, inputs);
  }

  @Override
  public HostTensor readState(String name, int rank) {
    return inner.readState(name, rank);
  }

  @Override
  public void resetStates() {
    inner.resetStates();
  }

  @Override
  public void close() {
    inner.close();
  }
}
