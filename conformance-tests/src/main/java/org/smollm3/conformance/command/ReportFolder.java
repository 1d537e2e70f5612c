package org.smollm3.conformance.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.smollm3.conformance.report.HtmlReport;
import org.smollm3.conformance.rules.RuleCatalogue;
import org.smollm3.conformance.run.ReportWriter;
import org.smollm3.conformance.run.RunReport;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Tool.Invocation;

/** The files of a report. */
final class ReportFolder {
  static final String PAGE = "report.html";
  static final String DATA = "report.json";

  private ReportFolder() {}

  /**
   * The folder asked for, made before the run: hours of work are not to end at a missing right.
   *
   * @throws InvalidRequestException if it cannot be made or written
   */
  static Optional<Path> of(Invocation invocation) {
    return invocation.value(ConformOptions.REPORT).map(ReportFolder::made);
  }

  private static Path made(String text) {
    try {
      Path folder = Path.of(text);
      Files.createDirectories(folder);
      if (!Files.isWritable(folder)) {
        throw new InvalidRequestException("--report: the folder '" + text + "' cannot be written");
      }
      return folder;
    } catch (InvalidPathException | IOException e) {
      throw new InvalidRequestException("--report: '" + text + "' can be no folder: " + e, e);
    }
  }

  /** Writes both files, each whole or not at all. */
  static void write(Path folder, RunReport report, RuleCatalogue catalogue) {
    try {
      replace(folder.resolve(DATA), ReportWriter.write(report));
      replace(folder.resolve(PAGE), HtmlReport.write(report, catalogue));
    } catch (IOException e) {
      throw new InvalidRequestException("--report: cannot write to '" + folder + "': " + e, e);
    }
  }

  private static void replace(Path file, String text) throws IOException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Files.writeString(part, text);
    Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  /** The text of a report that is to be merged. */
  static String read(String file) {
    try {
      return Files.readString(Path.of(file));
    } catch (InvalidPathException | IOException e) {
      throw new InvalidRequestException("cannot read the report '" + file + "': " + e, e);
    }
  }
}
