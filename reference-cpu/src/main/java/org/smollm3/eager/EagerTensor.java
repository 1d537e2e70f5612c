package org.smollm3.eager;

import java.util.Optional;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/**
 * A tensor with a value. {@link #dtype} and {@link #shape} fail once it has ended, and {@link
 * org.smollm3.spi.ShapeRules} asks every operand of every operation for them; so no operation takes
 * a tensor whose memory has gone to another one.
 *
 * <p>A tensor lives as long as the scope it was given to by {@link Workspace#own}; one that was
 * given to none, such as a weight, as long as the session.
 */
public abstract class EagerTensor implements Tensor {
  private final DType dtype;
  private final Shape shape;
  private final Optional<StateHandle> source;
  private String madeIn = "";
  private String endedWith = "";

  /** A value of its own. */
  protected EagerTensor(DType dtype, Shape shape) {
    this.dtype = dtype;
    this.shape = shape;
    this.source = Optional.empty();
  }

  /** A state's present value, which ends when the handle is consumed. */
  protected EagerTensor(StateHandle source) {
    this.dtype = source.spec().dtype();
    this.shape = source.spec().shape();
    this.source = Optional.of(source);
  }

  /**
   * @throws InvalidRequestException if its scope has ended
   * @throws org.smollm3.error.StateConsumedException if it was read from a handle since consumed
   */
  @Override
  public final DType dtype() {
    requireLive();
    return dtype;
  }

  /**
   * @throws InvalidRequestException if its scope has ended
   * @throws org.smollm3.error.StateConsumedException if it was read from a handle since consumed
   */
  @Override
  public final Shape shape() {
    requireLive();
    return shape;
  }

  /** Whether its memory is a state's, so that a later update of the state would change it. */
  public final boolean isStateView() {
    return source.isPresent();
  }

  /** Called once, when no operation can take this tensor any more: its memory may be reused. */
  protected void onRelease() {}

  void requireLive() {
    if (!endedWith.isEmpty()) {
      throw new InvalidRequestException(
          "a tensor "
              + this
              + " made in '"
              + madeIn
              + "' is used after '"
              + endedWith
              + "' has ended; return it from the scope");
    }
    source.ifPresent(StateHandle::requireLive);
  }

  void madeIn(String scope) {
    madeIn = scope;
  }

  void release(String scope) {
    endedWith = scope;
    onRelease();
  }

  @Override
  public final String toString() {
    return dtype + "" + shape;
  }
}
