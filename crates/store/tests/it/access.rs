//! Users, their tokens and browsers, and the audit.

use domain::Role;
use store::access::{self, Audited, Browser, MOST_BROWSERS, Token, User};

use crate::harness::{at, on_both};

fn user(name: &str, role: Role) -> User {
    User { name: name.into(), role, password: None, disabled: false, created_at: at(0) }
}

fn token(id: &str, person: &str) -> Token {
    Token {
        id: id.into(),
        code: format!("code-{id}"),
        name: "ci".into(),
        person: person.into(),
        role: Role::Viewer,
        created_at: at(1),
        expires_at: None,
        used_at: None,
    }
}

fn browser(n: usize, person: &str, ms: i64) -> Browser {
    Browser {
        id: format!("b{n}"),
        code: format!("code-b{n}"),
        person: person.into(),
        program: "Firefox".into(),
        created_at: at(ms),
        seen_at: at(ms),
        expires_at: at(ms + 1000),
    }
}

#[test]
fn a_user_goes_with_all_they_came_in_with() {
    on_both(|store| async move {
        let write = store.write(|tx| {
            access::put_user(tx, &user("anna", Role::Reviewer))?;
            access::put_user(tx, &user("ben", Role::Viewer))?;
            access::put_user(tx, &User { disabled: true, ..user("anna", Role::Operator) })?;
            access::add_token(tx, &token("t1", "anna"))?;
            access::add_token(tx, &token("t2", "ben"))?;
            access::add_browser(tx, &browser(1, "anna", 10))?;
            access::seen(tx, "t1", at(70))?;
            access::seen(tx, "b1", at(80))
        });
        write.await.unwrap();
        let read = || store.read(|tx| Ok((access::users(tx)?, access::tokens(tx)?, access::browsers(tx)?)));
        let (users, tokens, browsers) = read().await.unwrap();
        assert_eq!(users[0], User { disabled: true, ..user("anna", Role::Operator) });
        assert_eq!(tokens.iter().find(|one| one.id == "t1").unwrap().used_at, Some(at(70)));
        assert_eq!((tokens.len(), browsers[0].seen_at), (2, at(80)));
        assert!(store.write(|tx| access::remove_user(tx, "anna")).await.unwrap());
        assert!(!store.write(|tx| access::remove_user(tx, "anna")).await.unwrap());
        let (users, tokens, browsers) = read().await.unwrap();
        assert_eq!((users.len(), tokens.len(), browsers.len()), (1, 1, 0));
        assert!(store.write(|tx| access::remove_token(tx, "t2")).await.unwrap());
    });
}

#[test]
fn of_too_many_browsers_those_seen_longest_ago_go_and_what_expired() {
    on_both(|store| async move {
        for n in 0..MOST_BROWSERS + 3 {
            let ms = i64::try_from(n).unwrap();
            store.write(move |tx| access::add_browser(tx, &browser(n, "anna", ms))).await.unwrap();
        }
        let left = store.read(access::browsers).await.unwrap();
        assert_eq!(left.len(), MOST_BROWSERS);
        assert!(left.iter().all(|one| !["b0", "b1", "b2"].contains(&one.id.as_str())));
        store.write(move |tx| access::add_browser(tx, &browser(999, "ben", 5000))).await.unwrap();
        assert_eq!(store.read(access::browsers).await.unwrap().len(), 1, "the rest expired");
    });
}

#[test]
fn the_audit_is_read_in_pages_the_latest_first() {
    on_both(|store| async move {
        for n in 0..5u16 {
            let entry = Audited {
                number: 0,
                at: at(n.into()),
                actor: "person:anna".into(),
                action: "POST /api/tasks".into(),
                subject: "/api/tasks".into(),
                status: 200 + n,
            };
            store.write(move |tx| access::audit(tx, &entry)).await.unwrap();
        }
        let page = store.read(|tx| access::audited(tx, None, 2)).await.unwrap();
        assert_eq!(page.iter().map(|entry| entry.status).collect::<Vec<_>>(), [204, 203]);
        let before = page[1].number;
        let page = store.read(move |tx| access::audited(tx, Some(before), 10)).await.unwrap();
        assert_eq!(page.iter().map(|entry| entry.status).collect::<Vec<_>>(), [202, 201, 200]);
    });
}
