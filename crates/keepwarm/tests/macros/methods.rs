//! Methods, functions without `self`, and traits.

use std::sync::Arc;

use keepwarm::{Cache, cached};

use crate::support::Runs;

struct Orders {
    tenant: &'static str,
    cache: Cache,
    runs: Runs,
}

impl Orders {
    fn of(tenant: &'static str) -> Self {
        Self { tenant, cache: Cache::memory(), runs: Runs::new() }
    }

    #[cached(timeout = "1h", cache = self.cache)]
    async fn count(&self, customer: &str) -> u64 {
        let _ = customer;
        self.runs.next()
    }

    #[cached(timeout = "1h", key = "{self.tenant}:total:{customer}", tags = ["{self.tenant}"], cache = &self.cache)]
    fn total(&self, customer: u64) -> u64 {
        self.runs.next()
    }

    #[cached(timeout = "1h", key = "shared:{id}", cache = self.cache)]
    async fn shared(self: Arc<Self>, id: u64) -> u64 {
        self.runs.next()
    }

    #[cached(timeout = "1h", key = "consumed:{self.tenant}:{id}")]
    async fn consumed(self, id: u64) -> u64 {
        self.runs.next()
    }

    /// No `self`, but it speaks of `Self`.
    #[cached(timeout = "1h")]
    fn open(tenant: &str) -> Result<String, std::num::ParseIntError> {
        Self::parse(tenant).map(|number| format!("{tenant}{number}"))
    }

    fn parse(tenant: &str) -> Result<u8, std::num::ParseIntError> {
        tenant.parse()
    }
}

// covers: R150
#[tokio::test]
async fn self_is_not_part_of_the_key_unless_the_key_says_so() {
    let mut orders = Orders::of("acme");
    assert_eq!(orders.count("ann").await, 1);
    assert_eq!(orders.count("bob").await, 2);
    assert_eq!(orders.total(7), 3);
    orders.tenant = "other";
    assert_eq!(orders.count("ann").await, 1);
    assert_eq!(orders.total(7), 4);
    orders.tenant = "acme";
    assert_eq!(orders.total(7), 3);
}

// covers: R150 R153
#[tokio::test]
async fn companions_of_methods_take_self_only_if_they_need_it() {
    let orders = Orders::of("acme");
    assert_eq!(Orders::count_cache_key("ann").unwrap(), "macros::methods::Orders::count(s3:ann)");
    assert_eq!(orders.total_cache_key(7).unwrap(), "acme:total:7");
    assert_eq!(Orders::open_cache_key("7").unwrap(), "macros::methods::Orders::open(s1:7)");

    assert_eq!(orders.count("ann").await, 1);
    assert_eq!(orders.count_refresh("ann").await.unwrap(), 2);
    assert_eq!(orders.count("ann").await, 2);
    assert!(orders.count_invalidate("ann").await.unwrap());
    assert_eq!(orders.count("ann").await, 3);

    assert_eq!(orders.total(7), 4);
    assert_eq!(orders.total_refresh(7).unwrap(), 5);
    orders.cache.invalidate_tag("acme").await.unwrap();
    assert_eq!(orders.total(7), 6);
}

// covers: R150
#[tokio::test]
async fn every_kind_of_self_works() {
    let orders = Arc::new(Orders::of("acme"));
    assert_eq!(orders.clone().shared(1).await, 1);
    assert_eq!(orders.clone().shared(1).await, 1);
    assert_eq!(Orders::of("acme").consumed(1).await, 1);
    let again = Orders::of("acme");
    again.runs.next();
    assert_eq!(again.consumed(1).await, 1);
    assert_eq!(Orders::open("7").unwrap(), "77");
    assert!(Orders::open("x").is_err());
    assert!(Orders::open_invalidate("7").unwrap());
}

trait Named {
    fn name(&self, id: u64) -> impl Future<Output = String> + Send;
    fn number(&self, id: u64) -> u64;

    #[cached(timeout = "1h", companions = false)]
    fn label(&self, id: u64) -> String {
        format!("{}{id}", std::any::type_name::<Self>().rsplit("::").next().unwrap_or_default())
    }
}

trait Titled {
    fn name(&self, id: u64) -> impl Future<Output = String> + Send;
}

struct First;
struct Second;

impl Named for First {
    #[cached(timeout = "1h", companions = false)]
    async fn name(&self, id: u64) -> String {
        format!("first {id}")
    }

    #[cached(timeout = "1h", companions = false)]
    fn number(&self, mut id: u64) -> u64 {
        id += 1;
        id
    }
}

impl Named for Second {
    #[cached(timeout = "1h", companions = false)]
    async fn name(&self, id: u64) -> String {
        format!("second {id}")
    }

    #[cached(timeout = "1h", companions = false)]
    fn number(&self, id: u64) -> u64 {
        id + 2
    }
}

impl Titled for First {
    #[cached(timeout = "1h", companions = false)]
    async fn name(&self, id: u64) -> String {
        format!("titled {id}")
    }
}

// covers: R148 R150
#[tokio::test]
async fn methods_of_traits_differ_by_type_and_by_trait() {
    for _ in 0..2 {
        assert_eq!(Named::name(&First, 1).await, "first 1");
        assert_eq!(Named::name(&Second, 1).await, "second 1");
        assert_eq!(Titled::name(&First, 1).await, "titled 1");
        assert_eq!((First.number(1), Second.number(1)), (2, 3));
        assert_eq!((First.label(1), Second.label(1)), ("First1".to_owned(), "Second1".to_owned()));
    }
}

// covers: R150
#[test]
fn a_function_without_companions_keeps_its_name_for_itself() {
    static RUNS: Runs = Runs::new();
    #[allow(non_camel_case_types)]
    type count = u64;
    #[cached(timeout = "1h", companions = false)]
    fn count(id: count) -> count {
        RUNS.next()
    }
    assert_eq!((count(1), count(1), count(2)), (1, 1, 2));
}
