plugins {
    id("com.android.application") version "8.7.3"
    id("org.jetbrains.kotlin.android") version "2.0.21"
}

android {
    namespace = "org.example.app"
    compileSdk = 35
    defaultConfig {
        applicationId = "org.example.app"
        minSdk = 26
        targetSdk = 35
        versionCode = 1
        versionName = "1"
        // The scheme of the redirect URI: AppAuth receives it.
        manifestPlaceholders["appAuthRedirectScheme"] = "org.example.app:/callback".substringBefore(":")
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
    kotlinOptions { jvmTarget = "17" }
}

dependencies {
    implementation("net.openid:appauth:0.11.1")
}
