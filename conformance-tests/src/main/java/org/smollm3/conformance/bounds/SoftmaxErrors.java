package org.smollm3.conformance.bounds;

import java.util.stream.IntStream;
import org.smollm3.spi.Comparison;
import org.smollm3.spi.Reduction;
import org.smollm3.spi.Tensor;
import org.smollm3.spi.TensorOps;
import org.smollm3.tensor.DType;

/**
 * How far a backend's softmax over the last axis may be off. Its weights are, up to a common factor
 * that the division takes away, w_j exp(tau_j), where |tau_j| &lt;= T_j:
 *
 * <pre>
 *   T_j = e_j                           the error of score j
 *       + u (m - s_j + e_j + max e)     the rounding of the shifted score, m the maximum
 *       + phi / (1 - phi)               the error phi of exp and of its rounding
 * </pre>
 *
 * <p>The maximum that a backend subtracts is common to all, so its error has no effect; what counts
 * is the condition of the softmax, d p_j = p_j (tau_j - sum p_k tau_k) (Blanchard, D. Higham and N.
 * Higham, Accurately computing the log-sum-exp and softmax functions, IMA J. Numer. Anal. 41,
 * 2021). Beyond first order, with M = sum p_k T_k: |exp(tau_j) - 1| &lt;= T_j exp(max T), and sum
 * p_k exp(tau_k) &gt;= exp(-M), by Jensen's inequality; so the factor exp(max T + M) covers the
 * rest.
 *
 * <p>Where keys come in t tiles and what is gathered is rescaled by exp(m_i - m_(i+1)) after each
 * (Milakov and Gimelshein, Online normalizer calculation for softmax, 2018), key j of tile i has
 * the weight exp(s_j - m_i) times those factors. The maxima never fall and are themselves not
 * rounded, so the roundings of all its differences are together at most u (m - s_j + ...) as above;
 * but every exp is off by phi, so T_j grows by t phi / (1 - phi). That the factors are multiplied
 * in is a rounding of the sums, not of the weights: t more for each gamma.
 *
 * @param probabilities p
 * @param logErrors T
 * @param meanLogErrors of each row M, without the last axis
 * @param growths of each row exp(max T + M), the maximum over what has any weight, without the last
 *     axis
 */
record SoftmaxErrors(Tensor probabilities, Tensor logErrors, Tensor meanLogErrors, Tensor growths) {
  /**
   * @param scores [..., n] of F32
   * @param rescalings how often at most a weight is rescaled
   */
  static SoftmaxErrors of(TensorOps judge, Terms terms, BoundedTensor scores, long rescalings) {
    int last = scores.shape().rank() - 1;
    int[] outer = IntStream.range(0, last).toArray();
    Roundoffs roundoffs = terms.roundoffs();
    Tensor error = terms.errorOf(scores);
    Tensor mostError = judge.reduce(error, Reduction.MAX, last);
    Tensor max = judge.reduce(scores.value(), Reduction.MAX, last);
    Tensor below = judge.subtract(judge.broadcast(max, scores.shape(), outer), scores.value());
    Tensor shifted =
        terms.sum(terms.sum(below, error), judge.broadcast(mostError, scores.shape(), outer));
    double unit = roundoffs.unit(DType.F32);
    double phi = roundoffs.function() + unit + roundoffs.function() * unit;
    Tensor logErrors =
        terms.shifted(
            terms.sum(error, terms.scaled(shifted, unit)), (1 + rescalings) * phi / (1 - phi));
    Tensor probabilities = judge.softmax(scores.value());
    Tensor mean = judge.reduce(judge.multiply(probabilities, logErrors), Reduction.SUM, last);
    Tensor weighed = judge.compare(Comparison.GT, probabilities, terms.fill(0, probabilities));
    Tensor counted = judge.select(weighed, logErrors, terms.fill(0, logErrors));
    Tensor most = judge.reduce(counted, Reduction.MAX, last);
    return new SoftmaxErrors(
        probabilities, logErrors, mean, judge.exponential(terms.sum(most, mean)));
  }
}
