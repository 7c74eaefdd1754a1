//! Confidence that means something: raw scores against what people did, by isotonic regression (pool adjacent
//! violators), and how good that is.

use super::verdict::Precedent;

/// Pairs that have to be there before they say anything.
pub const FEWEST: usize = 20;

/// A raw score, and whether a person approved the work without a change.
pub type Pair = (f64, bool);

/// A stretch of raw scores with one share of approved work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// The lowest raw score in it.
    pub from: f64,
    /// The highest.
    pub to: f64,
    /// How many pairs.
    pub of: u32,
    /// How many of them were approved.
    pub approved: u32,
}

impl Block {
    /// The share that was approved.
    pub fn share(&self) -> f64 {
        f64::from(self.approved) / f64::from(self.of.max(1))
    }
}

/// The rising steps that fit the pairs best.
pub fn fit(pairs: &[Pair]) -> Vec<Block> {
    let mut sorted: Vec<Pair> = pairs.iter().copied().filter(|(raw, _)| raw.is_finite()).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut blocks: Vec<Block> = Vec::new();
    for (raw, approved) in sorted {
        let mut block = Block { from: raw, to: raw, of: 1, approved: u32::from(approved) };
        // Equal scores are one step; a step that is not higher than the one before it is one with it.
        while let Some(last) =
            blocks.last().filter(|last| last.to >= block.from || last.share() >= block.share())
        {
            block = Block {
                from: last.from,
                to: block.to,
                of: last.of + block.of,
                approved: last.approved + block.approved,
            };
            blocks.pop();
        }
        blocks.push(block);
    }
    blocks
}

/// The confidence of a raw score, with the record behind it; the raw score itself while there is too little.
pub fn calibrated(pairs: &[Pair], raw: f64) -> (f64, Option<Precedent>) {
    if pairs.len() < FEWEST {
        return (raw, None);
    }
    let blocks = fit(pairs);
    let above = blocks.partition_point(|block| block.from <= raw);
    let Some(block) = blocks.get(above.saturating_sub(1)) else { return (raw, None) };
    // Nothing that happened so far is certain to happen again.
    let least = 1.0 / (count(pairs) + 2.0);
    let share = block.share().clamp(least, 1.0 - least);
    (share, Some(Precedent { of: block.of, approved: block.approved }))
}

/// A bar of the reliability diagram.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// How many verdicts had a confidence in it.
    pub of: u32,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share that a person approved.
    pub approved: f64,
}

/// How good the confidence was.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    /// Ten bars of equal width.
    pub bins: [Bin; 10],
    /// The mean square of the difference to what happened: 0 is perfect, 0.25 a coin's.
    pub brier: Option<f64>,
    /// Pearson's, of confidence and outcome; nothing where either never differs.
    pub correlation: Option<f64>,
}

/// How good shown confidences were.
pub fn reliability(pairs: &[Pair]) -> Reliability {
    let mut bins = [Bin::default(); 10];
    let mut error = 0.0;
    for (confidence, approved) in pairs {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to 0 to 9 first"
        )]
        let place = (confidence * 10.0).clamp(0.0, 9.0) as usize;
        let outcome = f64::from(u8::from(*approved));
        let bin = &mut bins[place];
        bin.of += 1;
        bin.confidence += confidence;
        bin.approved += outcome;
        error += (confidence - outcome).powi(2);
    }
    for bin in bins.iter_mut().filter(|bin| bin.of > 0) {
        bin.confidence /= f64::from(bin.of);
        bin.approved /= f64::from(bin.of);
    }
    let brier = (!pairs.is_empty()).then(|| error / count(pairs));
    Reliability { bins, brier, correlation: correlation(pairs) }
}

fn count(pairs: &[Pair]) -> f64 {
    f64::from(u32::try_from(pairs.len()).unwrap_or(u32::MAX))
}

fn correlation(pairs: &[Pair]) -> Option<f64> {
    let outcome = |approved: bool| f64::from(u8::from(approved));
    let mean = |of: &dyn Fn(&Pair) -> f64| pairs.iter().map(of).sum::<f64>() / count(pairs).max(1.0);
    let (x, y) = (mean(&|pair| pair.0), mean(&|pair| outcome(pair.1)));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (confidence, approved) in pairs {
        let (dx, dy) = (confidence - x, outcome(*approved) - y);
        xy += dx * dy;
        xx += dx * dx;
        yy += dy * dy;
    }
    (xx > 1e-12 && yy > 1e-12).then(|| (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs() -> impl Strategy<Value = Vec<Pair>> {
        proptest::collection::vec((0.0..=1.0f64, any::<bool>()), 0..80)
    }

    proptest! {
        #[test]
        fn steps_rise_and_keep_every_pair(pairs in pairs(), low in 0.0..=1.0f64, high in 0.0..=1.0f64) {
            let blocks = fit(&pairs);
            prop_assert!(blocks.windows(2).all(|two| two[0].share() < two[1].share() && two[0].to < two[1].from));
            let of: u32 = blocks.iter().map(|block| block.of).sum();
            let approved: u32 = blocks.iter().map(|block| block.approved).sum();
            prop_assert_eq!(of as usize, pairs.len());
            prop_assert_eq!(approved as usize, pairs.iter().filter(|pair| pair.1).count());
            let mut turned = pairs.clone();
            turned.reverse();
            prop_assert_eq!(fit(&turned), blocks, "whatever the order");
            let (low, high) = (low.min(high), low.max(high));
            prop_assert!(calibrated(&pairs, low).0 <= calibrated(&pairs, high).0, "surer is never less sure");
        }

        #[test]
        fn confidence_is_a_share_and_never_certain(pairs in pairs(), raw in 0.0..=1.0f64) {
            let (confidence, precedent) = calibrated(&pairs, raw);
            prop_assert!((0.0..=1.0).contains(&confidence));
            prop_assert_eq!(precedent.is_some(), pairs.len() >= FEWEST);
            if precedent.is_some() {
                prop_assert!(confidence > 0.0 && confidence < 1.0);
            } else {
                prop_assert_eq!(confidence.to_bits(), raw.to_bits());
            }
        }

        #[test]
        fn reliability_is_bounded(pairs in pairs()) {
            let found = reliability(&pairs);
            prop_assert_eq!(found.bins.iter().map(|bin| bin.of).sum::<u32>() as usize, pairs.len());
            prop_assert!(found.brier.is_none_or(|brier| (0.0..=1.0).contains(&brier)));
            prop_assert!(found.correlation.is_none_or(|r| (-1.0..=1.0).contains(&r)));
        }
    }

    /// Scores that are too sure by far: what calibration is for.
    #[test]
    fn calibration_lowers_the_error_of_overconfidence() {
        let pairs: Vec<Pair> = (0..200u32)
            .map(|n| {
                let (low, k) = (n % 2 == 0, n / 2);
                (if low { 0.8 } else { 0.95 } + f64::from(k) * 1e-5, k % 10 < if low { 3 } else { 7 })
            })
            .collect();
        let before = reliability(&pairs).brier.unwrap();
        let shown: Vec<Pair> = pairs.iter().map(|(raw, yes)| (calibrated(&pairs, *raw).0, *yes)).collect();
        let after = reliability(&shown).brier.unwrap();
        assert!(before > 0.3 && after < 0.22, "{before} {after}");
        let (confidence, precedent) = calibrated(&pairs, 0.99);
        assert!((0.65..=0.95).contains(&confidence), "{confidence} {precedent:?}");
    }
}
