package org.smollm3.neuron.nrt;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import org.smollm3.error.InvalidRequestException;

/**
 * Something that libnrt gave out and wants back once. Closing it twice is harmless. What is closed
 * while a call or a set uses it is freed when that ends; what is left open is freed with its
 * session.
 */
public abstract sealed class NativeHandle implements AutoCloseable
    permits DeviceTensor, TensorSet, LoadedModel {
  private final NeuronRuntime session;
  private final MemorySegment pointer;

  // These three are guarded by the lock of the shared runtime.
  private int uses;
  private boolean closed;
  private boolean disposed;

  NativeHandle(NeuronRuntime session, MemorySegment pointer) {
    this.session = session;
    this.pointer = pointer;
  }

  final NeuronRuntime session() {
    return session;
  }

  final MemorySegment pointer() {
    return pointer;
  }

  final Libnrt nrt() {
    return session.shared().nrt();
  }

  /** A name that C can have: not longer than libnrt keeps, and without a zero in it. */
  static void requireName(String name) {
    if (name.indexOf(0) >= 0
        || name.getBytes(StandardCharsets.UTF_8).length >= NrtStructs.TENSOR_NAME_MAX) {
      throw new InvalidRequestException(
          "the name of a tensor has "
              + name.length()
              + " characters or a zero in it; it may have "
              + (NrtStructs.TENSOR_NAME_MAX - 1)
              + " bytes");
    }
  }

  /** Gives it back to libnrt. */
  abstract void dispose();

  /** Handles that this one uses until it is freed. */
  Collection<? extends NativeHandle> heldHandles() {
    return List.of();
  }

  final void requireOpen(NeuronRuntime user) {
    if (session != user) {
      throw new InvalidRequestException(this + " belongs to another session of the Neuron runtime");
    }
    if (closed) {
      throw new IllegalStateException(this + " is closed");
    }
  }

  final void addUse() {
    uses++;
  }

  final void dropUse() {
    uses--;
  }

  /** False if it was closed already. */
  final boolean markClosed() {
    if (closed) {
      return false;
    }
    closed = true;
    return true;
  }

  /** True once: when it is closed and nothing uses it. */
  final boolean markDisposedIfUnused() {
    if (!closed || disposed || uses > 0) {
      return false;
    }
    disposed = true;
    return true;
  }

  @Override
  public final void close() {
    session.shared().close(session, this);
  }
}
