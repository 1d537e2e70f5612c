package org.smollm3.conformance.faults;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.smollm3.error.BackendException;
import org.smollm3.error.UnsupportedCapabilityException;
import org.smollm3.spi.Backend;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.Outputs;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.WeightSource;
import org.smollm3.spi.WeightView;
import org.smollm3.tensor.HostTensor;

/** Faults in capabilities, taps and the reading of weights. */
final class CapabilityFaults {
  private CapabilityFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.ofBackend(
            "undeclared-taken",
            "CAP-01",
            "a capability that is not declared is not refused",
            right -> declaringLess(right, Capability.SPECULATION)),
        Fault.ofBackend(
            "refused-by-another-type",
            "CAP-01",
            "what is not declared fails as an error of the backend",
            right ->
                new ForwardingBackend(right) {
                  @Override
                  public Set<Capability> capabilities() {
                    return EnumSet.of(Capability.FLOAT32);
                  }

                  @Override
                  public Session load(
                      ProgramSpec program, WeightSource weights, LoadOptions options) {
                    if (!capabilities().containsAll(program.requires())) {
                      throw new BackendException("no kernel");
                    }
                    return inner.load(program, weights, options);
                  }
                }),
        Fault.ofBackend(
            "ranks-taken-unseen",
            "CAP-02",
            "only what a program says it requires is looked at, not its ranks",
            right -> declaringLess(right, Capability.TENSOR_PARALLEL)),
        Fault.ofBackend(
            "declared-refused",
            "CAP-03",
            "a capability is declared and then refused",
            right ->
                new ForwardingBackend(right) {
                  @Override
                  public Session load(
                      ProgramSpec program, WeightSource weights, LoadOptions options) {
                    if (program.requires().contains(Capability.CHUNKED_PREFILL)) {
                      throw new UnsupportedCapabilityException("no chunks; use another backend");
                    }
                    return inner.load(program, weights, options);
                  }
                }),
        Fault.ofSession(
            "first-shape-kept",
            "CAP-04",
            "an open dimension has the size of the first run for ever",
            right ->
                new ForwardingSession(right) {
                  private final Map<String, Outputs> first = new LinkedHashMap<>();

                  @Override
                  public Outputs run(String graph, Map<String, HostTensor> inputs) {
                    return first.computeIfAbsent(graph, g -> inner.run(graph, inputs));
                  }
                }),
        new Fault(
            "tap-of-later-value",
            "a tap shows twice the value that was tapped",
            "TAP-01",
            context ->
                new ForwardingContext(context) {
                  @Override
                  public void tap(String name, Tensor tensor) {
                    inner.tap(name, ops().add(tensor, tensor));
                  }
                }),
        loading(
            "all-taps-returned",
            "TAP-02",
            "all taps are returned where some were asked for",
            options -> options.taps().toString().isBlank() ? options : options.withTaps("*")),
        loading(
            "listener-hears-all",
            "TAP-03",
            "the listener hears taps that were not asked for",
            options -> options.listener().isPresent() ? options.withTaps("*") : options),
        loading(
            "listener-forgotten",
            "TAP-03",
            "the listener is never called",
            options -> new LoadOptions(options.taps(), Optional.empty(), options.localRanks())),
        loading(
            "some-ranks-are-all",
            "CAP-05",
            "a session has all ranks, whichever were asked for",
            options -> new LoadOptions(options.taps(), options.listener(), List.of())),
        Fault.ofBackend(
            "stride-ignored",
            "WEIGHT-01",
            "the rows of a weight are taken as lying side by side",
            right -> withViews(right, CapabilityFaults::packed)),
        Fault.ofBackend(
            "weight-is-scratch",
            "WEIGHT-02",
            "runs leave something in the memory of weights",
            CapabilityFaults::scribbling),
        Fault.ofBackend(
            "padding-missing",
            "WEIGHT-01",
            "padding of a weight is whatever follows in memory",
            right -> withViews(right, CapabilityFaults::unpadded)));
  }

  private static Backend declaringLess(Backend right, Capability hidden) {
    return new ForwardingBackend(right) {
      @Override
      public Set<Capability> capabilities() {
        Set<Capability> some = EnumSet.copyOf(inner.capabilities());
        some.remove(hidden);
        return some;
      }
    };
  }

  private interface OptionChange {
    LoadOptions of(LoadOptions options);
  }

  private static Fault loading(String name, String rule, String text, OptionChange change) {
    return Fault.ofBackend(
        name,
        rule,
        text,
        right ->
            new ForwardingBackend(right) {
              @Override
              public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
                return inner.load(program, weights, change.of(options));
              }
            });
  }

  private interface ViewChange {
    WeightView of(WeightView view);
  }

  private static Backend withViews(Backend right, ViewChange change) {
    return new ForwardingBackend(right) {
      @Override
      public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
        return inner.load(program, (name, rank) -> change.of(weights.weight(name, rank)), options);
      }
    };
  }

  private static Backend scribbling(Backend right) {
    return new ForwardingBackend(right) {
      @Override
      public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
        return new ForwardingSession(inner.load(program, weights, options)) {
          @Override
          public Outputs run(String graph, Map<String, HostTensor> inputs) {
            Outputs outputs = inner.run(graph, inputs);
            program
                .weights()
                .forEach(
                    spec ->
                        weights
                            .weight(spec.name(), 0)
                            .asContiguous()
                            .filter(memory -> !memory.isReadOnly())
                            .ifPresent(memory -> memory.fill((byte) 0)));
            return outputs;
          }
        };
      }
    };
  }

  private static WeightView packed(WeightView view) {
    List<WeightView.Piece> pieces = new ArrayList<>();
    for (WeightView.Piece piece : view.pieces()) {
      pieces.add(
          piece instanceof WeightView.Mapped mapped
              ? new WeightView.Mapped(
                  mapped.segment(), mapped.rows(), mapped.rowBytes(), mapped.rowBytes())
              : piece);
    }
    return new WeightView(view.identity(), view.dtype(), view.shape(), pieces);
  }

  private static WeightView unpadded(WeightView view) {
    if (view.pieces().size() != 2
        || !(view.pieces().get(0) instanceof WeightView.Mapped mapped)
        || mapped.segment().byteSize() < view.pieces().get(1).byteSize()) {
      return view;
    }
    long bytes = view.pieces().get(1).byteSize();
    return new WeightView(
        view.identity(),
        view.dtype(),
        view.shape(),
        List.of(mapped, new WeightView.Mapped(mapped.segment(), 1, bytes, bytes)));
  }
}
