package org.smollm3.spi;

import java.util.List;

/**
 * Makes wrong backends of a right one: in each, one instruction of one lowered graph is another. By
 * how many of them its rules reject, a conformance kit measures itself.
 */
public interface MutantSource {
  String name();

  /** A backend in which nothing is changed; the caller closes it. */
  Backend open();

  /**
   * All mutants of a graph of a program. The same program and options give the same list.
   *
   * @param graph the graph's name
   */
  List<Mutant> mutants(ProgramSpec program, LoadOptions options, String graph);

  /** One change. */
  interface Mutant {
    /** What is changed, such as {@code operator}; few for all mutants. */
    String kind();

    /** The right instruction as text, with the part of the model it comes from. */
    String instruction();

    /** What it is instead, in a few words. */
    String change();

    /**
     * A backend that runs the changed graph wherever it is given this graph of this program, and is
     * right in all else; the caller closes it.
     */
    Backend open();
  }
}
