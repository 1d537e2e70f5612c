package org.smollm3.cli;

import java.io.IOException;
import java.io.OutputStream;

/** Passes bytes on and turns a failure into one that {@link java.io.PrintWriter} lets through. */
final class CheckedOutput extends OutputStream {
  private final OutputStream target;

  CheckedOutput(OutputStream target) {
    this.target = target;
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) {
    try {
      target.write(bytes, offset, length);
    } catch (IOException e) {
      throw new OutputClosedException(e);
    }
  }

  @Override
  public void flush() {
    try {
      target.flush();
    } catch (IOException e) {
      throw new OutputClosedException(e);
    }
  }
}
