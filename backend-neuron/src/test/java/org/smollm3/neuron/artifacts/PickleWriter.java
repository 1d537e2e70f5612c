package org.smollm3.neuron.artifacts;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Opcodes of a pickle one by one, as a test wants them. */
final class PickleWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  PickleWriter() {
    raw(0x80, 2);
  }

  PickleWriter raw(int... bytes) {
    for (int b : bytes) {
      out.write(b);
    }
    return this;
  }

  PickleWriter op(char code) {
    return raw(code);
  }

  PickleWriter string(byte... content) {
    raw('X').u32(content.length);
    out.writeBytes(content);
    return this;
  }

  PickleWriter string(String text) {
    return string(text.getBytes(StandardCharsets.UTF_8));
  }

  PickleWriter global(String module, String name) {
    out.writeBytes(("c" + module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    return this;
  }

  PickleWriter u32(int value) {
    out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    return this;
  }

  /** The start of an object of a class of libtorchneuron; its state and a BUILD are to follow. */
  PickleWriter neuronObject(String name) {
    return global("__torch__.torch.classes.neuron", name).raw(')', 0x81);
  }

  /** The whole pickle. */
  byte[] stop() {
    raw('.');
    return out.toByteArray();
  }

  /** What there is so far. */
  byte[] unfinished() {
    return out.toByteArray();
  }
}
