package org.smollm3.conformance.example.backend;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntUnaryOperator;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Tensor;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/**
 * Elements in one array: floats of F32, BF16 and F16, each a value of its type; ints of I32, and of
 * BOOL as 0 and 1. No element changes after the operation that made the tensor.
 */
final class ExampleTensor implements Tensor {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final DType dtype;
  private final Shape shape;
  private final float[] floats;
  private final int[] ints;
  private final Optional<ExampleState> source;

  private ExampleTensor(
      DType dtype, Shape shape, float[] floats, int[] ints, Optional<ExampleState> source) {
    this.dtype = dtype;
    this.shape = shape;
    this.floats = floats;
    this.ints = ints;
    this.source = source;
  }

  static ExampleTensor zeros(DType dtype, Shape shape) {
    int size = Math.toIntExact(shape.elementCount());
    return new ExampleTensor(
        dtype,
        shape,
        new float[dtype.isFloating() ? size : 0],
        new int[dtype.isFloating() ? 0 : size],
        Optional.empty());
  }

  /** Elements from their index, each rounded once. */
  static ExampleTensor floats(DType dtype, Shape shape, IntToDoubleFunction element) {
    ExampleTensor result = zeros(dtype, shape);
    for (int i = 0; i < result.floats.length; i++) {
      result.floats[i] = Rounding.round(dtype, element.applyAsDouble(i));
    }
    return result;
  }

  static ExampleTensor ints(DType dtype, Shape shape, IntUnaryOperator element) {
    ExampleTensor result = zeros(dtype, shape);
    for (int i = 0; i < result.ints.length; i++) {
      result.ints[i] = element.applyAsInt(i);
    }
    return result;
  }

  static ExampleTensor of(HostTensor host) {
    ExampleTensor result = zeros(host.dtype(), host.shape());
    for (int i = 0; i < result.floats.length; i++) {
      result.floats[i] = host.getFloat(i);
    }
    for (int i = 0; i < result.ints.length; i++) {
      result.ints[i] = host.getInt(i);
    }
    return result;
  }

  /**
   * A tensor that a body gives.
   *
   * @throws InvalidRequestException if it is of another backend
   * @throws org.smollm3.error.StateConsumedException if it was read from a state that has been
   *     updated since
   */
  static ExampleTensor of(Tensor tensor) {
    if (tensor instanceof ExampleTensor own) {
      own.source.ifPresent(ExampleState::requireLive);
      return own;
    }
    throw new InvalidRequestException("a tensor of another backend");
  }

  /** Memory of its own. */
  HostTensor toHost() {
    HostTensor host = HostTensor.zeros(dtype, shape);
    for (int i = 0; i < floats.length; i++) {
      if (dtype == DType.BF16) {
        // As they are: rounding would make a signalling NaN quiet.
        host.segment().set(SHORT, 2L * i, (short) (Float.floatToRawIntBits(floats[i]) >>> 16));
      } else {
        host.setFloat(i, floats[i]);
      }
    }
    for (int i = 0; i < ints.length; i++) {
      host.setLong(i, ints[i]);
    }
    return host;
  }

  @Override
  public DType dtype() {
    source.ifPresent(ExampleState::requireLive);
    return dtype;
  }

  @Override
  public Shape shape() {
    source.ifPresent(ExampleState::requireLive);
    return shape;
  }

  int size() {
    return dtype.isFloating() ? floats.length : ints.length;
  }

  /** An element of any type; a float32 or an int is a double exactly. */
  double number(int index) {
    return dtype.isFloating() ? floats[index] : ints[index];
  }

  /** An element of a floating type. */
  float real(int index) {
    return floats[index];
  }

  /** An element of I32 or BOOL. */
  int integer(int index) {
    return ints[index];
  }

  /** The same elements under another shape. */
  ExampleTensor as(Shape other) {
    return new ExampleTensor(dtype, other, floats, ints, Optional.empty());
  }

  /** The same, usable until the state is updated. */
  ExampleTensor readFrom(ExampleState state) {
    return new ExampleTensor(dtype, shape, floats, ints, Optional.of(state));
  }

  /** The elements at some places, bit for bit. */
  ExampleTensor pick(Shape resultShape, int[] places) {
    ExampleTensor result = zeros(dtype, resultShape);
    for (int i = 0; i < places.length; i++) {
      result.copyElement(i, this, places[i]);
    }
    return result;
  }

  /** A copy with the elements at some places replaced, bit for bit; a place below 0 is none. */
  ExampleTensor with(int[] places, ExampleTensor values) {
    ExampleTensor result =
        new ExampleTensor(dtype, shape, floats.clone(), ints.clone(), Optional.empty());
    for (int i = 0; i < places.length; i++) {
      if (places[i] >= 0) {
        result.copyElement(places[i], values, i);
      }
    }
    return result;
  }

  private void copyElement(int to, ExampleTensor other, int from) {
    if (dtype.isFloating()) {
      floats[to] = other.floats[from];
    } else {
      ints[to] = other.ints[from];
    }
  }
}
