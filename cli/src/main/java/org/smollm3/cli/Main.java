package org.smollm3.cli;

/** Entry point of the program. */
public final class Main {
  private Main() {}

  /** Runs the program. */
  public static void main(String[] args) {
    System.out.println("smollm3 " + String.join(" ", args));
  }
}
