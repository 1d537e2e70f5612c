package org.smollm3.neuron.nrt;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.smollm3.error.InvalidRequestException;

/** Bytes in the device memory of one NeuronCore. libnrt knows neither a dtype nor a shape of it. */
public final class DeviceTensor extends NativeHandle {
  private final String name;
  private final int core;
  private final long bytes;
  private final Optional<DeviceTensor> source;

  DeviceTensor(
      NeuronRuntime session,
      MemorySegment pointer,
      String name,
      int core,
      long bytes,
      Optional<DeviceTensor> source) {
    super(session, pointer);
    this.name = name;
    this.core = core;
    this.bytes = bytes;
    this.source = source;
  }

  public String name() {
    return name;
  }

  /** Index of the core among those that this process sees. */
  public int core() {
    return core;
  }

  public long bytes() {
    return bytes;
  }

  /** Bytes of device memory of its own: none if it is a part of another tensor. */
  long ownBytes() {
    return source.isPresent() ? 0 : bytes;
  }

  /**
   * Copies bytes to the device.
   *
   * @param offset where they go, in bytes
   * @param data all of which is written, accessible to this thread; memory of the heap is copied
   *     once more
   */
  public void write(long offset, MemorySegment data) {
    requireWithin(offset, data.byteSize());
    session()
        .call(
            List.of(this),
            () -> {
              if (data.isNative()) {
                nrt().writeTensor(pointer(), data, offset);
              } else {
                try (Arena arena = Arena.ofConfined()) {
                  MemorySegment copy = arena.allocate(Math.max(1, data.byteSize()));
                  MemorySegment exact = copy.asSlice(0, data.byteSize()).copyFrom(data);
                  nrt().writeTensor(pointer(), exact, offset);
                }
              }
            });
  }

  /**
   * Copies bytes from the device.
   *
   * @param offset where they are, in bytes
   * @param buffer all of which is filled, accessible to this thread; memory of the heap is copied
   *     once more
   */
  public void read(long offset, MemorySegment buffer) {
    requireWithin(offset, buffer.byteSize());
    session()
        .call(
            List.of(this),
            () -> {
              if (buffer.isNative()) {
                nrt().readTensor(pointer(), buffer, offset);
              } else {
                try (Arena arena = Arena.ofConfined()) {
                  MemorySegment copy = arena.allocate(Math.max(1, buffer.byteSize()));
                  MemorySegment exact = copy.asSlice(0, buffer.byteSize());
                  nrt().readTensor(pointer(), exact, offset);
                  buffer.copyFrom(exact);
                }
              }
            });
  }

  /** Sets all bytes to zero. Memory of the device is not zero when it is allocated. */
  public void clear() {
    session()
        .call(
            List.of(this),
            () -> {
              if (nrt().has(NrtFunction.NRT_TENSOR_MEMSET)) {
                nrt().memset(pointer(), 0, 0, bytes);
              } else {
                writeZeros();
              }
            });
  }

  private void writeZeros() {
    long most = 1 << 20;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment zeros = arena.allocate(Math.min(most, bytes));
      for (long offset = 0; offset < bytes; offset += most) {
        nrt().writeTensor(pointer(), zeros.asSlice(0, Math.min(most, bytes - offset)), offset);
      }
    }
  }

  /**
   * A part of this tensor, sharing its memory, which stays as long as the part does.
   *
   * @param offset in bytes
   * @param size in bytes
   */
  public DeviceTensor slice(long offset, long size, String sliceName) {
    requireWithin(offset, size);
    NativeHandle.requireName(sliceName);
    return session()
        .create(
            List.of(this),
            () ->
                new DeviceTensor(
                    session(),
                    nrt().allocateSlice(pointer(), offset, size, sliceName),
                    sliceName,
                    core,
                    size,
                    Optional.of(this)));
  }

  @Override
  Collection<DeviceTensor> heldHandles() {
    return source.map(List::of).orElse(List.of());
  }

  @Override
  void dispose() {
    nrt().freeTensor(pointer());
  }

  private void requireWithin(long offset, long size) {
    if (offset < 0 || size < 0 || offset > bytes - size) {
      throw new InvalidRequestException(
          size + " bytes from byte " + offset + " do not lie within " + this);
    }
  }

  @Override
  public String toString() {
    return "tensor '" + name + "' (" + bytes + " bytes on core " + core + ")";
  }
}
