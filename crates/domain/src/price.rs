//! What tokens cost: a table of list prices in a data file, with the person's own before it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The list prices this binary was built with.
const TABLE: &str = include_str!("../data/prices.json");

/// Prices of a model, in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Tokens the model read anew.
    pub input: f64,
    /// Tokens it wrote, thoughts included.
    pub output: f64,
    /// Tokens read from the provider's cache; as `input` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<f64>,
    /// Tokens written to that cache; as `input` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<f64>,
    /// Other prices for long prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<Above>,
}

/// Prices of a request whose prompt is longer than so many tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Above {
    /// See above.
    pub tokens: u64,
    /// As in [`Price`].
    pub input: f64,
    /// As in [`Price`].
    pub output: f64,
    /// As in [`Price`].
    pub cached: f64,
}

/// What one request consumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Read anew.
    pub input: u64,
    /// Read from the provider's cache.
    pub cached: u64,
    /// Written to it.
    pub cache_write: u64,
    /// Written by the model.
    pub output: u64,
}

impl Price {
    /// What a request costs, in US dollars.
    pub fn cost(&self, tokens: Tokens) -> f64 {
        let prompt = tokens.input + tokens.cached + tokens.cache_write;
        let (input, output, cached) = match self.above {
            Some(above) if prompt > above.tokens => (above.input, above.output, above.cached),
            _ => (self.input, self.output, self.cached.unwrap_or(self.input)),
        };
        let write = self.cache_write.unwrap_or(input);
        let part = |tokens: u64, price: f64| to_float(tokens) * price;
        (part(tokens.input, input)
            + part(tokens.output, output)
            + part(tokens.cached, cached)
            + part(tokens.cache_write, write))
            / 1e6
    }
}

/// Prices by model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    /// When the list prices were looked up.
    pub version: String,
    models: BTreeMap<String, Price>,
}

impl Prices {
    /// The list prices, with the person's own before them.
    pub fn with(own: BTreeMap<String, Price>) -> Self {
        #[derive(Deserialize)]
        struct Table {
            version: String,
            models: BTreeMap<String, Price>,
        }
        let table = serde_json::from_str::<Table>(TABLE);
        // A table that cannot be read prices nothing; a test reads it.
        let (version, mut models) =
            table.map_or_else(|_| Default::default(), |table| (table.version, table.models));
        models.extend(own);
        Self { version, models }
    }

    /// The price of a model: of its name, or of the name it is a version of (`claude-opus-4-5-20251101`,
    /// `gemini-2.5-pro-preview-06-05`, `openai/gpt-5`).
    pub fn of(&self, model: &str) -> Option<&Price> {
        let name = model.rsplit('/').next().unwrap_or(model);
        let is_version = |rest: &str| {
            let rest = rest.trim_start_matches(['-', '@', ':']);
            let word = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
            word.is_empty() || ["latest", "preview", "exp"].iter().any(|known| word.starts_with(known))
        };
        let known = self.models.iter().filter(|(known, _)| {
            name.strip_prefix(known.as_str()).is_some_and(|rest| {
                rest.is_empty() || (rest.starts_with(['-', '@', ':']) && is_version(rest))
            })
        });
        known.max_by_key(|(known, _)| known.len()).map(|(_, price)| price)
    }
}

/// Counts of tokens are far below where a float rounds.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn to_float(tokens: u64) -> f64 {
    tokens as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_a_model_have_its_price_and_other_models_do_not() {
        let prices = Prices::with(BTreeMap::new());
        assert!(!prices.version.is_empty(), "the table reads");
        let input = |model: &str| prices.of(model).map(|price| price.input);
        assert_eq!(input("claude-sonnet-4-5-20250929"), Some(3.0));
        assert_eq!(input("claude-opus-4-20250514"), Some(15.0));
        assert_eq!(input("claude-opus-4-5"), Some(5.0));
        assert_eq!(input("anthropic/claude-haiku-4-5@20251001"), Some(1.0));
        assert_eq!(input("gemini-2.5-pro-preview-06-05"), Some(1.25));
        assert_eq!(input("gemini-2.5-flash-lite"), Some(0.1));
        assert_eq!(input("gpt-5-mini-2025-08-07"), Some(0.25));
        for unknown in ["gpt-5-ultra", "gpt-50", "claude", "qwen3:8b", ""] {
            assert_eq!(input(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_request_costs_what_the_table_says() {
        let own = Price { input: 1.0, output: 2.0, cached: Some(0.1), cache_write: None, above: None };
        let prices = Prices::with([("gpt-5".to_owned(), own)].into());
        let tokens = Tokens { input: 1_000_000, cached: 1_000_000, cache_write: 1_000_000, output: 500_000 };
        let cost = prices.of("gpt-5").unwrap().cost(tokens);
        assert!((cost - 3.1).abs() < 1e-9, "the person's own price goes before: {cost}");
        let long = Tokens { input: 300_000, output: 1000, ..Tokens::default() };
        let cost = prices.of("gpt-5.5").unwrap().cost(long);
        assert!((cost - 3.045).abs() < 1e-9, "a long prompt has its own price: {cost}");
    }
}
