package org.smollm3.conformance.golden;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalDouble;
import org.smollm3.error.UnsupportedCapabilityException;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Backend;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Judges one backend on one golden case, layer by layer and both ways to the logits. */
final class GoldenChecker {
  private final GoldenCase golden;
  private final GoldenRun run;
  private final GoldenRules rules;
  private final List<Finding> findings = new ArrayList<>();

  /**
   * @param logitsSha256 hash of the prompt logits' bytes, float32 little-endian [T, vocab]
   * @param logitsRatio error of the prompt logits over Hugging Face's, where it counts for the mean
   */
  record Report(
      String name, List<Finding> findings, String logitsSha256, OptionalDouble logitsRatio) {
    boolean failed() {
      return findings.stream().anyMatch(Finding::failed);
    }

    /** Whether the backend refused the model, so that nothing was judged. */
    boolean refused() {
      return findings.stream().anyMatch(f -> f.verdict() == Finding.Verdict.UNSUPPORTED);
    }
  }

  private GoldenChecker(GoldenCase golden, Backend backend, Sharding sharding) {
    this.golden = golden;
    this.run = GoldenRun.of(golden, backend, sharding);
    this.rules =
        new GoldenRules(
            backend.numerics(),
            golden.arithmetic(),
            golden.model().weights().isQuantized()
                ? GoldenRules.Weights.INT8
                : GoldenRules.Weights.AS_PUBLISHED);
  }

  static Report check(GoldenCase golden, Backend backend, Sharding sharding) {
    try {
      return new GoldenChecker(golden, backend, sharding).run();
    } catch (UnsupportedCapabilityException e) {
      Finding refused =
          new Finding(
              "capabilities", Finding.Verdict.UNSUPPORTED, Double.NaN, Double.NaN, e.getMessage());
      return new Report(golden.name(), List.of(refused), "", OptionalDouble.empty());
    }
  }

  private Report run() {
    GoldenRun.Prompt prompt = run.prompt();
    double[] reference = golden.values("prompt.logits_f64");
    double[] theirs = golden.values("prompt.logits");
    double[] actual = prompt.logits().toDoubleArray();
    Finding logits = rules.logits("prompt logits", actual, theirs, reference);
    findings.add(logits);
    tensors("hidden state", "hidden_states", prompt.hidden());
    tensors("key cache", "key_cache", prompt.keys());
    tensors("value cache", "value_cache", prompt.values());
    findings.add(
        Finding.atMost(
            "rank consistency",
            prompt.differingReplicas(),
            0,
            "logits of all ranks and copies of cache heads bit-equal"));
    decoded(theirs, reference);
    findings.add(
        rules.logits(
            "batch logits",
            flatten(run.batch()),
            golden.values("batch.last_token_logits"),
            golden.values("batch.last_token_logits_f64")));
    findings.add(greedy());
    OptionalDouble ratio =
        rules.countsForMeanRatio()
            ? OptionalDouble.of(
                ErrorStats.of(actual, reference).rms() / ErrorStats.of(theirs, reference).rms())
            : OptionalDouble.empty();
    return new Report(golden.name(), List.copyOf(findings), sha256(prompt.logits()), ratio);
  }

  private void tensors(String what, String tensorName, List<HostTensor> actual) {
    for (int i = 0; i < actual.size(); i++) {
      String name = "prompt." + tensorName + "." + i;
      HostTensor theirs = golden.tensor(name);
      double[] mine = lastPositions(actual.get(i), theirs.shape()).toDoubleArray();
      findings.add(
          rules.tensor(
              what + " " + i,
              mine,
              theirs.toDoubleArray(),
              golden.values("prompt." + tensorName + "_f64." + i)));
    }
  }

  /** Of a cache [1, G, S, D] the last positions, as many as the golden keeps of a sliding layer. */
  private static HostTensor lastPositions(HostTensor cache, Shape wanted) {
    if (cache.shape().equals(wanted)) {
      return cache;
    }
    int heads = wanted.intDim(1);
    int kept = wanted.intDim(2);
    int headDim = wanted.intDim(3);
    int all = cache.shape().intDim(2);
    HostTensor cut = HostTensor.zeros(cache.dtype(), wanted);
    for (int h = 0; h < heads; h++) {
      for (int i = 0; i < kept * headDim; i++) {
        long from = ((long) h * all + (all - kept)) * headDim + i;
        cut.setDouble((long) h * kept * headDim + i, cache.getDouble(from));
      }
    }
    return cut;
  }

  private void decoded(double[] theirs, double[] reference) {
    double[] mine = flatten(run.decodeTokenByToken());
    int skipped = reference.length - mine.length;
    findings.add(
        rules.logits(
            "decode logits",
            mine,
            Arrays.copyOfRange(theirs, skipped, theirs.length),
            Arrays.copyOfRange(reference, skipped, reference.length)));
  }

  private Finding greedy() {
    int[] sequence = golden.ids("greedy.sequence")[0];
    int[] prompt = golden.ids("prompt.input_ids")[0];
    int[] wanted = Arrays.copyOfRange(sequence, prompt.length, sequence.length);
    if (rules.greedyRunsFreely()) {
      int[] chosen = run.greedy(prompt, wanted.length, new int[0]);
      int same = Arrays.mismatch(chosen, wanted);
      return Finding.atMost(
          "greedy tokens",
          same < 0 ? 0 : wanted.length - same,
          0,
          same < 0 ? wanted.length + " equal" : "tokens part at step " + same);
    }
    int[] chosen = run.greedy(prompt, wanted.length, wanted);
    HostTensor steps = golden.tensor("greedy.step_logits").row(0);
    double tie = rules.tie(golden.rmsErrorOverStd()) * golden.logitsStd();
    int wrong = 0;
    int nearTies = 0;
    for (int i = 0; i < wanted.length; i++) {
      if (chosen[i] != wanted[i]) {
        if (topTwoMargin(steps.row(i).toDoubleArray()) < tie) {
          nearTies++;
        } else {
          wrong++;
        }
      }
    }
    return Finding.atMost(
        "greedy tokens",
        wrong,
        0,
        wanted.length + " steps by golden tokens, " + nearTies + " differ at near-ties");
  }

  private static double topTwoMargin(double[] logits) {
    double first = Double.NEGATIVE_INFINITY;
    double second = Double.NEGATIVE_INFINITY;
    for (double logit : logits) {
      if (logit > first) {
        second = first;
        first = logit;
      } else if (logit > second) {
        second = logit;
      }
    }
    return first - second;
  }

  private static double[] flatten(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  private static String sha256(HostTensor logits) {
    HostTensor floats = HostTensor.ofFloats(logits.shape(), logits.toFloatArray());
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(floats.segment().asByteBuffer());
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
