package org.smollm3.conformance.golden;

import java.util.ArrayList;
import java.util.List;
import org.smollm3.model.SmolLm3Config;
import org.smollm3.parallel.GqaSharding;
import org.smollm3.parallel.Sharding;
import org.smollm3.spi.Session;
import org.smollm3.tensor.HostTensor;
import org.smollm3.tensor.Shape;

/** Puts the ranks' caches together in the model's order of heads. */
final class RankCaches {
  private final Session session;
  private final Sharding sharding;
  private final GqaSharding gqa;
  private final int heads;
  private int differingCopies;

  RankCaches(Session session, SmolLm3Config config, Sharding sharding) {
    this.session = session;
    this.sharding = sharding;
    this.heads = config.numKeyValueHeads();
    this.gqa = GqaSharding.of(config.numAttentionHeads(), heads, sharding.group());
  }

  /** State [1, G, S, D] of all heads of the model. */
  HostTensor read(String state) {
    List<HostTensor> ranks = new ArrayList<>();
    for (int rank = 0; rank < sharding.degree(); rank++) {
      ranks.add(session.readState(state, rank));
    }
    Shape local = ranks.get(0).shape();
    HostTensor whole = HostTensor.zeros(ranks.get(0).dtype(), local.with(1, heads));
    boolean[] filled = new boolean[heads];
    for (int place = 0; place < gqa.paddedKvHeads(); place++) {
      int head = gqa.kvHead(place);
      if (head == GqaSharding.PADDING) {
        continue;
      }
      HostTensor rank = ranks.get(place / gqa.localKvHeads());
      HostTensor copy = rank.row(0).row(place % gqa.localKvHeads());
      HostTensor target = whole.row(0).row(head);
      if (!filled[head]) {
        target.segment().copyFrom(copy.segment());
        filled[head] = true;
      } else if (target.segment().mismatch(copy.segment()) >= 0) {
        differingCopies++;
      }
    }
    return whole;
  }

  /** How many copies of heads differed in any bit from the first copy, over all that was read. */
  int differingCopies() {
    return differingCopies;
  }
}
