//! What goes over the wire: requests, answers, stream messages, and the client the command line uses.
//!
//! One of the two serialised formats of the project (the other is `domain::event`). Times are RFC 3339
//! in UTC; fields that are `None` are left out. Not here: handlers, SQL, decisions.

mod access;
mod account;
mod agent_run;
mod asking;
mod board;
mod changes;
mod client;
mod conversation;
mod hindsight;
mod plan;
mod problem;
mod project;
mod questions;
mod queue;
mod remark;
mod request;
mod route;
mod session;
mod settings;
mod status;
mod step;
mod task;
mod verdict;
mod voice;

pub use access::{
    AuditView, BrowserView, ChangePassword, ChangeUser, CreateLink, CreateToken, CreateUser, Me, NewToken,
    SignIn, TokenView, UserView,
};
pub use account::{AccountView, SwitchAccount, UsedView, WindowPoint, WindowView};
pub use agent_run::AgentRunResult;
pub use asking::{Answer, MemoryView, QuestionView, WriteMemory, Written};
pub use board::{CardView, ColumnView, InboxItemView, InboxView};
pub use changes::{ChangedFileView, ChangesView, ChangingView, ContinuationView, LinesView};
pub use client::{Client, ClientError, EventLines, escaped};
pub use conversation::{
    Chat, ChatView, ConversationView, CreateConversation, MessageView, ProposalView, RenameConversation,
};
pub use hindsight::{AdviceView, AppliedView, CostView, HindsightView, HindsightsView, TogetherView};
pub use plan::{EstimateView, PlanView, PlannedView};
pub use problem::Problem;
pub use project::ProjectView;
pub use questions::{AlikeAnswered, AnswerAlike, AskedView, AskingView, LinkView, RefusedView};
pub use queue::{CollisionView, PlaceView, QueueItemView, QueueView, current_collisions};
pub use remark::{EditRemark, RemarkView, WriteRemark};
pub use request::{AdjustTask, Approve, CreateTask, ForkTask, Reject, Retry, Revert, Rollback, SendBack};
pub use route::{ConsideredView, RoutePreview, RouteView};
pub use session::{SessionView, Sessions};
pub use settings::{
    ChangeSettings, DiffLineView, EffectiveView, MistakeView, SettingChange, SettingsChanged,
    SettingsTakenView, SettingsView, WriteSettings,
};
pub use status::{AgentStatus, Concurrency, Detail, Health, SandboxStatus, Status};
pub use step::TaskStepView;
pub use task::{
    CheckView, CheckpointView, DiffView, EventView, FileDiffView, Page, RunResult, RunView, SessionCode,
    StatView, TaskView, TokensView, WaitingView,
};
pub use verdict::{
    BinView, CalibrationView, FactorView, FindingView, OpinionView, StepView, VerdictView, bins,
};
pub use voice::{HeardView, UnderstoodView};
