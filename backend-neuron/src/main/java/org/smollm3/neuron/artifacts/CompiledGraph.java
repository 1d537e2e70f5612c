package org.smollm3.neuron.artifacts;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.InvalidModelException;
import org.smollm3.neuron.metaneff.MetaNeff;
import org.smollm3.neuron.metaneff.MetaTensor;
import org.smollm3.neuron.neff.Neff;
import org.smollm3.neuron.neff.NeffIo;
import org.smollm3.neuron.neff.NeffTensor;
import org.smollm3.neuron.neff.Quote;
import org.smollm3.tensor.DType;

/**
 * A NEFF with its metaneff. Where the NEFF lists its inputs and outputs, they are those of the
 * metaneff: the same names, sizes and kinds of elements.
 *
 * @param key of the graph, such as {@code token_generation}
 */
public record CompiledGraph(String key, Neff neff, MetaNeff metaneff) {
  /**
   * @throws InvalidModelException naming the tensor in which the two differ
   */
  public CompiledGraph {
    switch (neff.io()) {
      case NeffIo.Known known -> {
        requireSame(neff.location(), "input", known.inputs(), metaneff.inputs());
        requireSame(neff.location(), "output", known.outputs(), metaneff.outputs());
      }
      case NeffIo.Unknown unknown -> {
        if (neff.simulatedGraph().isPresent()) {
          throw new InvalidModelException(neff.location() + ": " + unknown.reason());
        }
      }
    }
  }

  private static void requireSame(
      String location, String what, List<NeffTensor> inNeff, List<MetaTensor> inMetaneff) {
    Map<String, NeffTensor> byName = new HashMap<>();
    inNeff.forEach(tensor -> byName.put(tensor.name(), tensor));
    for (MetaTensor wanted : inMetaneff) {
      NeffTensor tensor = byName.remove(wanted.name());
      if (tensor == null) {
        throw differs(
            location, "the metaneff has the " + what + " " + wanted.name() + ", the NEFF lacks it");
      }
      if (tensor.byteSize() != wanted.byteSize() || !sameKind(tensor.dtype(), wanted.dtype())) {
        throw differs(
            location,
            String.format(
                "%s is %s%s of %d bytes in the metaneff, but %s%s of %d bytes in the NEFF",
                wanted.name(),
                wanted.dtype(),
                wanted.shape(),
                wanted.byteSize(),
                Quote.of(tensor.type()),
                tensor.shape(),
                tensor.byteSize()));
      }
    }
    if (!byName.isEmpty()) {
      String name = byName.keySet().iterator().next();
      throw differs(
          location, "the NEFF has the " + what + " " + Quote.of(name) + ", the metaneff lacks it");
    }
  }

  /**
   * A metaneff has no unsigned 32 or 64 bits, and a NEFF no truth values: whole numbers of one size
   * are one kind. The NEFF's type may be one that it cannot name.
   */
  private static boolean sameKind(Optional<DType> inNeff, DType inMetaneff) {
    return inNeff.isEmpty()
        || inNeff.get() == inMetaneff
        || (!inNeff.get().isFloating()
            && !inMetaneff.isFloating()
            && inNeff.get().byteSize() == inMetaneff.byteSize());
  }

  private static InvalidModelException differs(String location, String what) {
    return new InvalidModelException(
        location + " and its metaneff are not of one compilation: " + what);
  }
}
