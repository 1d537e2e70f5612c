package org.smollm3.generation;

import java.util.List;
import java.util.function.Supplier;
import org.smollm3.error.InvalidModelException;
import org.smollm3.spi.ModelFiles;

/**
 * Reads of mapped weights. The system ends a read past the end of a file that was cut short, or one
 * of a failing disk, with a signal, which the JVM turns into an {@link InternalError} of the thread
 * that read. What the read would have given is lost, the program and other models are not.
 */
final class MappedReads {
  private MappedReads() {}

  /**
   * Runs what reads mapped files.
   *
   * @throws InvalidModelException if reading fails; it names the file if that is now shorter
   */
  static <T> T of(ModelFiles files, Supplier<T> reader) {
    try {
      return reader.get();
    } catch (InternalError e) {
      List<String> damage = files.damage();
      throw new InvalidModelException(
          files.location()
              + ": a mapped file could not be read: "
              + (damage.isEmpty()
                  ? "the disk may be failing, or a file was cut short"
                  : String.join("; ", damage))
              + "; restore the files and open the model again",
          e);
    }
  }
}
