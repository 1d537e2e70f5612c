package org.smollm3.bench;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.StringJoiner;
import org.smollm3.cpu.kernels.KernelTimes.Family;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What was measured. Rates are per second, shares are of what the machine reached right before and
 * after, parts are shares of the time.
 *
 * @param settings on what it ran
 * @param formats in which the weights are
 * @param backing what kind of memory the weights were in
 * @param weightBytes bytes of weights that a token reads
 * @param firstTokenSeconds from the start of the process to the first token after a short prompt
 */
record BenchReport(
    String model,
    String settings,
    String formats,
    String backing,
    long weightBytes,
    double openSeconds,
    double loadSeconds,
    double firstTokenSeconds,
    Prefill prefill,
    List<Decode> decode,
    OptionalLong peakBytes,
    OptionalLong peakBytesBeyondFiles) {

  BenchReport {
    decode = List.copyOf(decode);
  }

  /** A prompt from an empty cache. */
  record Prefill(
      int tokens,
      Samples rate,
      Samples peakFlops,
      Samples flops,
      Samples share,
      Samples linearShare,
      Map<Family, Samples> parts) {}

  /**
   * Tokens one by one, each a sample.
   *
   * @param context positions in the cache
   * @param fillSeconds how long their prefill took
   */
  record Decode(
      int context,
      double fillSeconds,
      Samples rate,
      Samples bandwidth,
      Samples bytes,
      Samples share,
      Samples linearShare,
      Map<Family, Samples> parts) {}

  void print(PrintWriter out) {
    out.printf("%s%n", model);
    out.printf(
        Locale.ROOT,
        "  %s; weights %s, %s, %.2f GB a token%n",
        settings,
        formats,
        backing,
        weightBytes / 1e9);
    out.printf(
        Locale.ROOT,
        "  opened in %.2f s, loaded in %.2f s; first token %.2f s after the process started%n",
        openSeconds,
        loadSeconds,
        firstTokenSeconds);
    out.printf(
        "Medians, with the range over %d prefills and %d single tokens%n",
        prefill.rate().values().size(),
        decode.isEmpty() ? 0 : decode.get(0).rate().values().size());
    out.printf("prefill of %d tokens from an empty cache%n", prefill.tokens());
    line(out, "tokens/s", prefill.rate(), 1, "%.1f");
    line(out, "GFLOP/s", prefill.flops(), 1e-9, "%.0f");
    line(out, "machine's GFLOP/s", prefill.peakFlops(), 1e-9, "%.0f");
    line(out, "share of it, %", prefill.share(), 100, "%.1f");
    line(out, "linear layers alone, %", prefill.linearShare(), 100, "%.1f");
    out.printf("  %-24s%s%n", "time, %", parts(prefill.parts()));
    for (Decode at : decode) {
      out.printf(
          Locale.ROOT,
          "decode at %d positions (their prefill: %.2f s)%n",
          at.context(),
          at.fillSeconds());
      line(out, "tokens/s", at.rate(), 1, "%.2f");
      line(out, "GB/s", at.bytes(), 1e-9, "%.1f");
      line(out, "machine's GB/s", at.bandwidth(), 1e-9, "%.1f");
      line(out, "share of it, %", at.share(), 100, "%.1f");
      line(out, "linear layers alone, %", at.linearShare(), 100, "%.1f");
      out.printf("  %-24s%s%n", "time, %", parts(at.parts()));
    }
    peakBytes.ifPresent(
        bytes ->
            out.printf(
                Locale.ROOT,
                "peak memory %.2f GB, %.2f GB of it beyond mapped files%n",
                bytes / 1e9,
                peakBytesBeyondFiles.orElse(0) / 1e9));
  }

  private static void line(
      PrintWriter out, String name, Samples samples, double factor, String format) {
    out.printf("  %-24s%s%n", name, samples.text(factor, format));
  }

  /** Shares of the time, the rest outside of kernels last. */
  private static String parts(Map<Family, Samples> parts) {
    StringJoiner text = new StringJoiner(", ");
    double rest = 100;
    for (Map.Entry<Family, Samples> part : parts.entrySet()) {
      double percent = 100 * part.getValue().median();
      rest -= percent;
      text.add(
          String.format(
              Locale.ROOT, "%s %.1f", part.getKey().name().toLowerCase(Locale.ROOT), percent));
    }
    return text.add(String.format(Locale.ROOT, "between them %.1f", rest)).toString();
  }

  String json() {
    JsonMapper mapper = JsonMapper.shared();
    ObjectNode root = mapper.createObjectNode();
    root.put("model", model);
    root.put("settings", settings);
    root.put("weight_formats", formats);
    root.put("backing", backing);
    root.put("weight_bytes_per_token", weightBytes);
    root.put("open_seconds", openSeconds);
    root.put("load_seconds", loadSeconds);
    root.put("first_token_seconds", firstTokenSeconds);
    ObjectNode first = root.putObject("prefill");
    first.put("tokens", prefill.tokens());
    put(first, "tokens_per_second", prefill.rate());
    put(first, "flops_per_second", prefill.flops());
    put(first, "machine_flops_per_second", prefill.peakFlops());
    put(first, "share_of_peak", prefill.share());
    put(first, "linear_share_of_peak", prefill.linearShare());
    put(first, prefill.parts());
    var list = root.putArray("decode");
    for (Decode at : decode) {
      ObjectNode node = list.addObject();
      node.put("context", at.context());
      node.put("prefill_seconds", at.fillSeconds());
      put(node, "tokens_per_second", at.rate());
      put(node, "bytes_per_second", at.bytes());
      put(node, "machine_bytes_per_second", at.bandwidth());
      put(node, "share_of_bandwidth", at.share());
      put(node, "linear_share_of_bandwidth", at.linearShare());
      put(node, at.parts());
    }
    peakBytes.ifPresent(bytes -> root.put("peak_bytes", bytes));
    peakBytesBeyondFiles.ifPresent(bytes -> root.put("peak_bytes_beyond_mapped_files", bytes));
    return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(root);
  }

  private static void put(ObjectNode to, Map<Family, Samples> parts) {
    ObjectNode node = to.putObject("share_of_time");
    parts.forEach(
        (family, samples) -> node.put(family.name().toLowerCase(Locale.ROOT), samples.median()));
  }

  private static void put(ObjectNode to, String name, Samples samples) {
    ObjectNode node = to.putObject(name);
    node.put("median", samples.median());
    node.put("min", samples.min());
    node.put("max", samples.max());
  }
}
