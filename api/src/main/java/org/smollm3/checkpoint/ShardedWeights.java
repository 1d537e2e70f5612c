package org.smollm3.checkpoint;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.smollm3.error.InvalidModelException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.json.Text;
import org.smollm3.parallel.GqaSharding;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.WeightView;
import org.smollm3.spi.WeightView.Piece;
import org.smollm3.spi.WeightView.Scales;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Int8Format;
import org.smollm3.tensor.Shape;
import org.smollm3.tensor.TensorSpec;

/**
 * A checkpoint's weights as each rank holds them, described as pieces of its mapped files:
 *
 * <ul>
 *   <li>query, key and value projections by heads, see {@link GqaSharding}; biases likewise; fused
 *       if asked for
 *   <li>output projection by columns of query heads, its bias whole
 *   <li>gate and up by rows, down by columns, padded with zeros; the bias of down whole
 *   <li>embedding by columns, lm_head by rows, both padded; tied ones are cut from the same whole
 *   <li>norms whole
 * </ul>
 *
 * A view's identity says which part of which tensor of the checkpoint it is, so what ranks hold
 * alike has one.
 */
public final class ShardedWeights implements ProgramWeights {
  private final CheckpointWeights whole;
  private final ShardLayout layout;

  ShardedWeights(CheckpointWeights whole, ShardLayout layout) {
    this.whole = whole;
    this.layout = layout;
  }

  @Override
  public Sharding sharding() {
    return layout.sharding();
  }

  @Override
  public List<TensorSpec> specs() {
    List<TensorSpec> specs = new ArrayList<>();
    layout
        .parts()
        .forEach(
            (name, part) ->
                specs.add(new TensorSpec(name, whole.dtype(part.sources().get(0)), part.shape())));
    return List.copyOf(specs);
  }

  @Override
  public WeightView weight(String name, int rank) {
    if (rank < 0 || rank >= sharding().degree()) {
      throw new InvalidModelException(
          "no rank "
              + rank
              + " of weight "
              + Text.quote(name)
              + ": there are "
              + sharding().degree());
    }
    ShardLayout.Part part = layout.parts().get(name);
    if (part == null) {
      throw new InvalidModelException(
          whole.location() + " has no weight " + Text.quote(name) + " for rank " + rank);
    }
    HostTensor first = whole.tensor(part.sources().get(0));
    List<String> identities = new ArrayList<>();
    List<Piece> pieces = new ArrayList<>();
    for (String source : part.sources()) {
      HostTensor tensor = whole.tensor(source);
      if (tensor.dtype() != first.dtype()) {
        throw new InvalidModelException(
            whole.location()
                + ": "
                + Text.quote(source)
                + " is "
                + tensor.dtype()
                + " but it is fused with "
                + first.dtype()
                + "; use separate projections");
      }
      pieces.addAll(part.pieces(source, tensor, rank));
      identities.add(whole.checkpointName(source) + part.describe(source, tensor.shape(), rank));
    }
    String identity = String.join("+", identities);
    Optional<Scales> scales =
        whole
            .format(part.sources().get(0))
            .map(format -> new Scales(format, scales(part, format, identity, rank)));
    return new WeightView(identity, first.dtype(), part.shape(), pieces, scales);
  }

  private WeightView scales(ShardLayout.Part part, Int8Format format, String identity, int rank) {
    List<Piece> pieces = new ArrayList<>();
    for (String source : part.sources()) {
      Int8Format own = whole.format(source).orElse(format);
      if (own != format) {
        throw new InvalidModelException(
            whole.location()
                + ": "
                + Text.quote(source)
                + " is "
                + own.label()
                + " but it is fused with "
                + format.label()
                + "; use separate projections");
      }
      pieces.addAll(
          part.scalePieces(source, whole.scales(source), format, rank)
              .orElseThrow(() -> cutGroup(source)));
    }
    Shape shape = format.scales(part.shape());
    return new WeightView(identity + " scales", DType.BF16, shape, pieces);
  }

  private InvalidRequestException cutGroup(String source) {
    return new InvalidRequestException(
        whole.location()
            + ": "
            + sharding().degree()
            + " ranks would cut "
            + Text.quote(source)
            + " inside a group of "
            + Int8Format.GROUP
            + " columns; take another number of ranks, or quantise with one scale for each row");
  }
}
