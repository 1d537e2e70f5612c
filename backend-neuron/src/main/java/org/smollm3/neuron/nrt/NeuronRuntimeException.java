package org.smollm3.neuron.nrt;

import java.util.Optional;
import java.util.OptionalInt;
import org.smollm3.error.BackendException;

/** The Neuron runtime failed: in which function, with which status, and on which rank if known. */
public final class NeuronRuntimeException extends BackendException {
  private static final long serialVersionUID = 1L;
  private static final int NO_STATUS = -1;
  private static final int NO_RANK = -1;

  private final Failure failure;
  private final String function;
  private final int code;
  private final int rank;

  private NeuronRuntimeException(
      Failure failure, String function, int code, int rank, String message) {
    super(message);
    this.failure = failure;
    this.function = function;
    this.code = code;
    this.rank = rank;
  }

  /**
   * A function returned a status other than success.
   *
   * @param subject what it was called for, as in "a NEFF of 10 bytes on core 1"; may be empty
   * @param text what libnrt itself calls the status, used for codes that are not known
   */
  static NeuronRuntimeException ofStatus(
      NrtFunction function, String subject, int code, String text) {
    String call = function.symbol() + (subject.isEmpty() ? "" : " of " + subject);
    Optional<NrtStatus> status = NrtStatus.of(code);
    String what =
        status
            .map(s -> s.symbol() + " (" + code + "), " + s.meaning() + "; " + s.remedy())
            .orElse(
                (text.isEmpty() ? "the unknown status " + code : text + " (" + code + ")")
                    + "; read the log of the runtime");
    return new NeuronRuntimeException(
        status.map(NrtStatus::failure).orElse(Failure.OTHER),
        function.symbol(),
        code,
        NO_RANK,
        call + " failed: " + what);
  }

  /** A failure that is not a status of libnrt. */
  static NeuronRuntimeException of(Failure failure, String function, String message) {
    return new NeuronRuntimeException(failure, function, NO_STATUS, NO_RANK, message);
  }

  /** The same failure, said to be of a rank, unless a rank is named already. */
  NeuronRuntimeException onRank(int global) {
    if (rank != NO_RANK) {
      return this;
    }
    NeuronRuntimeException ranked =
        new NeuronRuntimeException(
            failure, function, code, global, "rank " + global + ": " + getMessage());
    ranked.initCause(this);
    return ranked;
  }

  public Failure failure() {
    return failure;
  }

  /** The function of libnrt, or what was being done. */
  public String function() {
    return function;
  }

  /** The code that libnrt returned; empty if it returned none. */
  public OptionalInt code() {
    return code == NO_STATUS ? OptionalInt.empty() : OptionalInt.of(code);
  }

  /** The status that libnrt returned; empty if it returned none, or one that is not known. */
  public Optional<NrtStatus> status() {
    return code == NO_STATUS ? Optional.empty() : NrtStatus.of(code);
  }

  /** The global rank on which it failed. */
  public OptionalInt rank() {
    return rank == NO_RANK ? OptionalInt.empty() : OptionalInt.of(rank);
  }
}
