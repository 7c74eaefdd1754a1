//! Alerts of budgets and credits, as they are now; dismissed ones are left out.

use domain::alert::{self, Alert};

use crate::{Engine, Error, clock};

impl Engine {
    /// What is about to stop work, or does: that first.
    pub async fn alerts(&self) -> Result<Vec<Alert>, Error> {
        let now = clock::now();
        let options = self.options();
        let (begin, end) = now.month(&options.zone);
        let budgets: Vec<_> = options
            .projects
            .iter()
            .filter_map(|project| Some((project.name.clone(), project.budget.month_usd?)))
            .collect();
        let read = self.store().read(move |tx| {
            let mut found = Vec::new();
            for (project, most) in budgets {
                let spent = store::runs::cost_since(tx, &project, begin)?;
                found.extend(alert::budget(&project, spent, most, end));
            }
            Ok((found, store::push::dismissed(tx)?))
        });
        let (mut found, dismissed) = read.await?;
        for here in self.accounts().await? {
            let windows = here.standing.windows.iter();
            found.extend(windows.filter_map(|window| alert::credits(&here.account, window, now)));
        }
        found.retain(|alert| !dismissed.contains(&alert.id));
        found.sort_by(|a, b| (!a.stops, &a.id).cmp(&(!b.stops, &b.id)));
        Ok(found)
    }

    /// Shows an alert no more; `false` when there is none of that id.
    pub async fn dismiss_alert(&self, id: &str) -> Result<bool, Error> {
        let Some(alert) = self.alerts().await?.into_iter().find(|alert| alert.id == id) else {
            return Ok(false);
        };
        let now = clock::now();
        self.store().write(move |tx| store::push::dismiss(tx, &alert.id, alert.until, now)).await?;
        Ok(true)
    }
}
