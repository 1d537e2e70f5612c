package org.smollm3.spi;

/**
 * A graph as a plain method from a context to its results: pure control flow over configuration and
 * dimensions. It cannot read a tensor's values, and it sees its rank only as the tensor {@link
 * GraphContext#rank}; so the graph recorded from it is the same for every rank.
 */
@FunctionalInterface
public interface GraphBody {
  GraphResult run(GraphContext context);
}
