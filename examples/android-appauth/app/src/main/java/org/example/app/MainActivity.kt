package org.example.app

import android.app.Activity
import android.content.Intent
import android.os.Bundle
import android.widget.Button
import android.widget.LinearLayout
import android.widget.TextView

/** One screen: a text, and a button to sign in or out. */
class MainActivity : Activity() {
    private lateinit var quantimodo: Quantimodo
    private lateinit var text: TextView
    private lateinit var button: Button

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        quantimodo = Quantimodo(applicationContext)
        text = TextView(this)
        button = Button(this)
        setContentView(LinearLayout(this).apply {
            orientation = LinearLayout.VERTICAL
            fitsSystemWindows = true
            addView(text)
            addView(button)
        })
        show(if (quantimodo.signedIn) "Loading …" else "You are signed out")
        if (quantimodo.signedIn) quantimodo.load(::show)
    }

    override fun onDestroy() {
        quantimodo.close()
        super.onDestroy()
    }

    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        super.onActivityResult(requestCode, resultCode, data)
        if (requestCode == SIGN_IN && data != null) {
            quantimodo.signedIn(data) { refusal ->
                if (refusal == null) quantimodo.load(::show) else show(refusal)
            }
        } else {
            show(if (quantimodo.signedIn) "Loading …" else "You are signed out")
        }
    }

    private fun show(message: String) {
        runOnUiThread {
            text.text = message
            button.text = if (quantimodo.signedIn) "Sign out" else "Sign in"
            button.setOnClickListener { if (quantimodo.signedIn) leave() else enter() }
        }
    }

    private fun enter() {
        quantimodo.signIn { screen, refusal ->
            if (screen == null) show(refusal ?: "") else startActivityForResult(screen, SIGN_IN)
        }
    }

    private fun leave() {
        val screen = quantimodo.signOut()
        if (screen == null) show("You are signed out") else startActivityForResult(screen, SIGN_OUT)
    }

    private companion object {
        const val SIGN_IN = 1
        const val SIGN_OUT = 2
    }
}
