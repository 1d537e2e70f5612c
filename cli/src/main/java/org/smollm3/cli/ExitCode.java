package org.smollm3.cli;

/** What the program ends with. */
final class ExitCode {
  static final int SUCCESS = 0;

  /** A check found what it looks for. */
  static final int CHECK_FAILED = 1;

  /** The command line or a request cannot be. */
  static final int USAGE = 2;

  /** A backend or a file cannot be used. */
  static final int UNUSABLE = 3;

  /** As of a process that SIGPIPE ended. */
  static final int READER_GONE = 141;

  private ExitCode() {}
}
