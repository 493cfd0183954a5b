import { openDialog, useFocusAtEnd } from "@mail_office365/dialogs/dialogs";
import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";
import { CopyButton } from "@web/core/copy_button/copy_button";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useAutofocus, useService } from "@web/core/utils/hooks";

/**
 * Tests a mail server and shows each stage as it comes. The server does one part of the test a request, so that whoever cancels leaves
 * nothing behind but the request that is on its way, which ends by itself.
 */
export class TestDialog extends Component {
    static template = "mail_office365.TestDialog";
    static components = { CopyButton, Dialog };
    static props = {
        model: String,
        serverId: Number,
        title: String,
        /** what the server does in a request each, with the stages that it adds */
        parts: Array,
        /** seconds that a stage may take */
        patience: Number,
        /** whether somebody is to be chosen who gets the test email */
        asksRecipient: { type: Boolean, optional: true },
        emailTo: { type: String, optional: true },
        close: Function,
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        useAutofocus({ refName: "emailTo", selectAll: true });
        this.state = useState({ ...this.blank, isRunning: !this.props.asksRecipient, emailTo: this.props.emailTo || "" });
        useFocusAtEnd(() => this.isOver);
        onMounted(() => this.props.asksRecipient || this.run());
        onWillUnmount(() => this.cancel());
    }

    get blank() {
        return {
            /** @type {{name: string, label: string, state: "waiting"|"running"|"passed"|"failed", seconds: number, detail: string}[]} */
            stages: this.props.parts.flatMap((part) =>
                part.stages.map(({ name, label }) => ({ name, label, state: "waiting", seconds: 0, detail: "" }))
            ),
            failure: null,
            summary: "",
            isCancelled: false,
        };
    }

    get isBeforeStart() {
        return this.props.asksRecipient && !this.state.isRunning && !this.isOver;
    }

    get isOver() {
        return Boolean(this.state.summary || this.state.failure || this.state.isCancelled);
    }

    get failedLabel() {
        const failed = this.state.stages.find((stage) => stage.state === "failed");
        return failed ? _t("Failed: %s", failed.label) : _t("The test failed");
    }

    get waitingLabel() {
        const running = this.state.stages.find((stage) => stage.state === "running");
        return running ? _t("%(stage)s: waiting for the server, %(seconds)s seconds at most…", {
            stage: running.label, seconds: this.props.patience,
        }) : "";
    }

    stateLabel({ state }) {
        return {
            waiting: this.isOver ? _t("Not tried") : _t("To do"), running: _t("Running"), passed: _t("Passed"), failed: _t("Failed"),
        }[state];
    }

    stateIcon({ state }) {
        return {
            waiting: "fa-circle-o text-muted", running: "fa-circle-o-notch fa-spin text-primary", passed: "fa-check-circle text-success",
            failed: "fa-times-circle text-danger",
        }[state];
    }

    async run() {
        if (this.props.asksRecipient && !this.state.emailTo.trim()) {
            return;
        }
        Object.assign(this.state, this.blank, { isRunning: true });
        const run = (this.currentRun = Symbol("run"));
        const emailTo = this.props.asksRecipient ? this.state.emailTo.trim() : null;
        try {
            for (const part of this.props.parts) {
                this.showRunning();
                const result = await this.orm.silent.call(this.props.model, "office365_test_part", [
                    [this.props.serverId], part.name, emailTo,
                ]);
                if (this.currentRun !== run) {
                    return;
                }
                this.show(result);
                if (result.failure) {
                    break;
                }
            }
        } catch (error) {
            if (this.currentRun !== run) {
                return;
            }
            this.show({
                stages: [], summary: "",
                failure: { stage: null, words: error.data?.message || error.message, remedy: "", commands: [], app_id: false },
            });
        }
        this.state.isRunning = false;
    }

    showRunning() {
        const next = this.state.stages.find((stage) => stage.state === "waiting");
        if (next) {
            next.state = "running";
        }
    }

    show({ stages, failure, summary }) {
        for (const stage of this.state.stages) {
            const passed = stages.find(({ name }) => name === stage.name);
            if (passed) {
                Object.assign(stage, passed, { state: "passed" });
            } else if (failure && failure.stage === stage.name) {
                Object.assign(stage, { state: "failed", detail: "" });
            } else if (stage.state === "running") {
                stage.state = "waiting";
            }
        }
        Object.assign(this.state, { failure, summary });
    }

    cancel() {
        if (!this.state.isRunning) {
            return;
        }
        this.currentRun = null;
        for (const stage of this.state.stages.filter((each) => each.state === "running")) {
            stage.state = "waiting";
        }
        Object.assign(this.state, { isRunning: false, isCancelled: true });
    }

    openApp() {
        // Closed first: an action closes all dialogs, and would be followed by a reload of the form.
        this.props.close({ hasLeft: true });
        this.action.doAction({
            type: "ir.actions.act_window", res_model: "office365.app", res_id: this.state.failure.app_id, views: [[false, "form"]],
        });
    }
}

function testAction(env, action, options) {
    const { model, server_id: serverId, title, parts, patience, asks_recipient: asksRecipient, email_to: emailTo } = action.params;
    openDialog(env, TestDialog, { model, serverId, title, parts, patience, asksRecipient, emailTo }, options);
}

registry.category("actions").add("mail_office365.test", testAction);
